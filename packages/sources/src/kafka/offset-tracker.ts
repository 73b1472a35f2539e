/** One record that was taken from a partition and is not known to be stored yet. */
export interface Taken {
  readonly offset: string;
}

interface Entry extends Taken {
  settled: boolean;
}

/** Settled entries at the front are dropped together when there are that many. */
const sweepAt = 1_024;

/**
 * What of one partition, in one assignment, may be committed: the lowest offset that is not settled, or the end of what
 * was taken. Records are taken in the order of the partition and settled in any order. Offsets are decimal strings, and
 * need not be contiguous: compaction and transaction markers leave gaps, which count as settled.
 */
export class OffsetTracker {
  private entries: Entry[] = [];
  /** Entries before it are settled. */
  private head = 0;
  private end: string;
  private revoked = false;

  /** @param start the first offset that is to be read. */
  constructor(start: string) {
    this.end = start;
  }

  /** The offset to commit: everything before it is settled. Stands still after {@link revoke}. */
  get position(): string {
    return this.entries[this.head]?.offset ?? this.end;
  }

  /** Taken and not settled. */
  get pending(): number {
    let count = 0;
    for (let at = this.head; at < this.entries.length; at += 1) if (!this.entries[at]!.settled) count += 1;
    return count;
  }

  take(offset: string): Taken {
    const entry = { offset, settled: false };
    this.entries.push(entry);
    return entry;
  }

  /** Everything before `end` has been taken, as far as there were records. */
  reach(end: string): void {
    this.end = end;
  }

  /** The record is stored. Once is enough; after {@link revoke} it changes nothing. */
  settle(taken: Taken): void {
    if (this.revoked) return;
    (taken as Entry).settled = true;
    while (this.head < this.entries.length && this.entries[this.head]!.settled) this.head += 1;
    if (this.head === this.entries.length) {
      this.entries.length = 0;
      this.head = 0;
    } else if (this.head >= sweepAt) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }

  /** The partition was taken away: what is stored from now on is not this assignment's to commit. */
  revoke(): void {
    this.revoked = true;
  }
}
