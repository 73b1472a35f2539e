import type { TickLedger, TickRecord } from "./tick-ledger.ts";

/** A ledger in memory; `broken` makes it reject like a store that is away. */
export class MemoryLedger implements TickLedger {
  readonly records = new Map<string, TickRecord>();
  broken = false;
  writes = 0;

  async read(uid: string): Promise<TickRecord | undefined> {
    if (this.broken) throw new Error("the store is away");
    return this.records.get(uid);
  }

  async write(uid: string, lastTick: number, revision: number | undefined): Promise<boolean> {
    if (this.broken) throw new Error("the store is away");
    if (this.records.get(uid)?.revision !== revision) return false;
    this.writes += 1;
    this.records.set(uid, { lastTick, revision: (revision ?? 0) + 1 });
    return true;
  }
}
