import type { Clock } from "@rouse/base";
import type { Place, Placed, Program } from "@rouse/serving-client";
import type { JsonObject } from "../store/port.ts";
import type { Register, RegisterRecord } from "../store/register.ts";
import { type Instances, type InstancesOptions, openInstances } from "./instances.ts";

/** A register's storage that one process can be cut off from, as by a kill or by a lost connection. */
export class CutRegister implements Register {
  private readonly inner: Register;
  private readonly clock: Clock;
  private readonly changes = new Set<(record: RegisterRecord) => void>();
  private readonly ups = new Set<() => void>();
  private connectedSince: number | undefined;
  /** A key that the copy does not show yet. */
  hidden: string | undefined;

  constructor(inner: Register, clock: Clock) {
    this.inner = inner;
    this.clock = clock;
    this.connectedSince = inner.since;
    inner.onChange((record) => {
      if (this.connectedSince !== undefined) for (const listener of [...this.changes]) listener(record);
    });
    inner.onUp(() => this.up());
  }

  get since(): number | undefined {
    const inner = this.inner.since;
    return inner === undefined || this.connectedSince === undefined ? undefined : Math.max(inner, this.connectedSince);
  }

  cut(): void {
    this.connectedSince = undefined;
  }

  heal(): void {
    this.connectedSince = this.clock.monotonic();
    this.up();
  }

  get(key: string): RegisterRecord | undefined {
    return this.hidden === key ? undefined : this.inner.get(key);
  }

  list(group: string): readonly RegisterRecord[] {
    return this.inner.list(group).filter((record) => record.key !== this.hidden);
  }

  all(): readonly RegisterRecord[] {
    return this.inner.all();
  }

  async put(key: string, value: JsonObject, revision: number): Promise<RegisterRecord | undefined> {
    if (this.connectedSince === undefined) throw new Error("cut off");
    return this.inner.put(key, value, revision);
  }

  async remove(key: string, revision: number): Promise<boolean> {
    if (this.connectedSince === undefined) throw new Error("cut off");
    return this.inner.remove(key, revision);
  }

  async read(key: string): Promise<RegisterRecord | undefined> {
    if (this.connectedSince === undefined) throw new Error("cut off");
    return this.inner.read(key);
  }

  onChange(listener: (record: RegisterRecord) => void): () => void {
    this.changes.add(listener);
    return () => void this.changes.delete(listener);
  }

  onUp(listener: () => void): () => void {
    this.ups.add(listener);
    return () => void this.ups.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  private up(): void {
    for (const listener of [...this.ups]) listener();
  }
}

/** A local process program. */
export const processProgram: Program = { kind: "process", command: ["node", "x.js"], workdir: "/" };

/** A container program. */
export const containerProgram: Program = {
  kind: "container",
  image: "x",
  command: undefined,
  args: undefined,
  pull: "never",
  port: undefined,
  cpus: undefined,
  memoryBytes: undefined,
};

/** A process that a test plays: its instances, and what it was asked for. */
export interface PlayedProcess {
  readonly instances: Instances;
  readonly register: CutRegister;
  readonly wanted: string[];
}

/** Plays a process on a register that it shares with others; it can run processes and no containers. */
export function playProcess(
  inner: Register,
  clock: Clock,
  options: Partial<Omit<InstancesOptions, "register" | "clock">> = {},
): PlayedProcess {
  const register = new CutRegister(inner, clock);
  const wanted: string[] = [];
  const instances = openInstances({
    register,
    clock,
    random: () => 0,
    platform: "linux/x64",
    leaseMs: 1_500,
    programOf: () => processProgram,
    services: () => ({}),
    containers: () => ({ kind: "unavailable", message: "there is no engine", hint: "start one" }),
    onWanted: (key) => void wanted.push(key),
    ...options,
  });
  return { instances, register, wanted };
}

/** The reason of an answer without a slot. */
export function reasonOf(placed: Placed): string | undefined {
  return placed.kind === "none" ? placed.reason : undefined;
}

/** Gives back the slot of an answer that has one. */
export function release(placed: Placed): void {
  if (placed.kind === "slot") placed.release();
}

/** The slot of an answer that has to have one. */
export function placeOf(placed: Placed): Place {
  if (placed.kind === "none") throw new Error(`expected a slot: ${placed.message}`);
  return placed;
}
