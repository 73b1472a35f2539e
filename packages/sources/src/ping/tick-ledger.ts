/** How far the ticks of a source have come. */
export interface TickRecord {
  /** Every tick planned up to here is settled: stored, refused, or left out by policy. Milliseconds since the epoch. */
  readonly lastTick: number;
  readonly revision: number;
}

/**
 * Where replicas and restarts agree on how far a source has come: one record a source, written by compare and set.
 * Both methods reject when the storage is away.
 */
export interface TickLedger {
  read(uid: string): Promise<TickRecord | undefined>;
  /** True when written; false when the record is no longer at `revision` (undefined: when there is one already). */
  write(uid: string, lastTick: number, revision: number | undefined): Promise<boolean>;
}

/** Moves the record of `uid` forward to `lastTick`, never back; replicas may do so at the same time. */
export async function advanceLedger(ledger: TickLedger, uid: string, lastTick: number): Promise<void> {
  for (;;) {
    const record = await ledger.read(uid);
    if (record !== undefined && record.lastTick >= lastTick) return;
    // A lost race means that another replica moved it, so this ends.
    if (await ledger.write(uid, lastTick, record?.revision)) return;
  }
}
