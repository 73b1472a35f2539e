import type { Clock } from "@rouse/base";
import type { JsonObject } from "./port.ts";
import { RecordTable } from "./record-table.ts";
import type { Register, RegisterRecord } from "./register.ts";

/** A register in memory: for one process, or for several that a test plays in one. Never away; nothing survives it. */
export class MemoryRegister implements Register {
  readonly since: number;
  private readonly clock: Clock;
  private readonly table = new RecordTable();

  constructor(options: { readonly clock: Clock }) {
    this.clock = options.clock;
    this.since = options.clock.monotonic();
  }

  get(key: string): RegisterRecord | undefined {
    return this.table.get(key);
  }

  list(group: string): readonly RegisterRecord[] {
    return this.table.list(group);
  }

  all(): readonly RegisterRecord[] {
    return this.table.all();
  }

  async put(key: string, value: JsonObject, revision: number): Promise<RegisterRecord | undefined> {
    if ((this.table.get(key)?.revision ?? 0) !== revision) return undefined;
    return this.table.apply(key, value, this.table.revision + 1, this.clock.monotonic());
  }

  async remove(key: string, revision: number): Promise<boolean> {
    if ((this.table.get(key)?.revision ?? 0) !== revision) return false;
    this.table.apply(key, undefined, this.table.revision + 1, this.clock.monotonic());
    return true;
  }

  async read(key: string): Promise<RegisterRecord | undefined> {
    return this.table.get(key);
  }

  onChange(listener: (record: RegisterRecord) => void): () => void {
    return this.table.onChange(listener);
  }

  onUp(): () => void {
    return () => {};
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
