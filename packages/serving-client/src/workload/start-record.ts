import type { InstanceLease, StartTimes } from "../activator.ts";
import { Ring } from "../ring.ts";
import { leadStarts } from "./start-lead.ts";

const startsKept = 100;

/** How long it took to make an instance ready, milliseconds. */
export interface StartParts {
  /** From its being wanted to its being ready. */
  readonly wholeMs: number;
  /** From running to ready. */
  readonly ownMs: number;
  /** Ours: neither the driver's nor the instance's own. */
  readonly ourMs: number;
}

/** What the starts and the instances of one workload cost, and how leases were come by. Times are monotonic milliseconds. */
export class StartRecord {
  readonly leases: Record<InstanceLease["instance"], number> = { cold: 0, thawed: 0, warm: 0 };
  private readonly whole = new Ring<number>(leadStarts);
  private readonly own = new Ring<number>(startsKept);
  private readonly ours = new Ring<number>(startsKept);
  private ranMs = 0;
  /** Since when each instance runs that does. */
  private readonly running = new Map<number, number>();

  /** An instance became ready. */
  ready({ wholeMs, ownMs, ourMs }: StartParts): void {
    this.whole.add(wholeMs);
    this.own.add(ownMs);
    this.ours.add(ourMs);
  }

  /** An instance runs, from now on or again. */
  runs(id: number, now: number): void {
    if (!this.running.has(id)) this.running.set(id, now);
  }

  /** An instance does not run any more: it was frozen, or has ended. */
  rests(id: number, now: number): void {
    const since = this.running.get(id);
    if (since === undefined) return;
    this.running.delete(id);
    this.ranMs += now - since;
  }

  /** Time that instances ran, added up. */
  instanceSeconds(now: number): number {
    let ms = this.ranMs;
    for (const since of this.running.values()) ms += now - since;
    return ms / 1_000;
  }

  ownStart(): StartTimes | undefined {
    return timesOf(this.own.all());
  }

  ourStart(): StartTimes | undefined {
    return timesOf(this.ours.all());
  }

  /** From being wanted to being ready, of as many of the last starts as a lead goes by. */
  wholeStart(): StartTimes | undefined {
    return timesOf(this.whole.all());
  }
}

function timesOf(values: readonly number[]): StartTimes | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

/** The smallest value that at least this share of all does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
