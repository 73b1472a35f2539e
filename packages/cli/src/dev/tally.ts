import type { TailLine } from "@rouse/server";

/** What happened while dev ran, for the summary at its end. */
export interface Totals {
  readonly events: number;
  readonly duplicates: number;
  readonly deliveries: number;
  readonly replies: number;
  readonly retries: number;
  readonly dead: number;
  /** What each cold delivery waited for its instance, milliseconds. */
  readonly coldMs: readonly number[];
  readonly thawed: number;
  readonly warm: number;
}

const keptMax = 10_000;

/** Counts lines of the timeline. */
export class Tally {
  private readonly counts = {
    events: 0,
    duplicates: 0,
    deliveries: 0,
    replies: 0,
    retries: 0,
    dead: 0,
    thawed: 0,
    warm: 0,
  };
  private readonly coldMs: number[] = [];

  /** Returns true when the line is a successful delivery to a subscriber. */
  add(line: TailLine): boolean {
    const { counts } = this;
    if (line.kind === "stored") {
      if (line.duplicate) counts.duplicates++;
      else counts.events++;
    }
    if (line.kind === "dead") counts.dead++;
    if (line.kind !== "attempt" || line.stage === "dead-letter") return false;
    if (line.verdict === "again") counts.retries++;
    if (line.verdict !== "done") return false;
    counts.deliveries++;
    if (line.note?.reply) counts.replies++;
    if (line.note?.instance === "warm") counts.warm++;
    if (line.note?.instance === "thawed") counts.thawed++;
    if (line.note?.instance === "cold" && this.coldMs.length < keptMax) this.coldMs.push(line.note.waitedMs ?? 0);
    return true;
  }

  get totals(): Totals {
    return { ...this.counts, coldMs: this.coldMs };
  }
}
