import { SourceFault } from "../errors.ts";

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

const triesMax = 20;

/**
 * Moves the record of `uid` forward to `lastTick`, never back; replicas may do so at the same time. Rejects when the
 * storage is away, and with SOURCE_LEDGER_CONFLICT when every try was lost to somebody else's write.
 */
export async function advanceLedger(ledger: TickLedger, uid: string, lastTick: number): Promise<void> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const record = await ledger.read(uid);
    if (record !== undefined && record.lastTick >= lastTick) return;
    if (await ledger.write(uid, lastTick, record?.revision)) return;
  }
  throw new SourceFault("SOURCE_LEDGER_CONFLICT", `expected to write the last tick, lost ${triesMax} races for it`, {
    hint: "look whether something else writes the ticks of this source, or reads are answered from an old copy",
  });
}
