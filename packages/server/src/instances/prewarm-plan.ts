/** A source of events at planned times. */
export interface PlannedPing {
  readonly namespace: string;
  readonly name: string;
  /** The next planned time, milliseconds since the epoch; undefined when none is planned, or the source is suspended. */
  nextTick(): number | undefined;
}

/** What is to be done now, and when to look again. */
export interface PlanStep<P> {
  /** Ticks that came within the horizon since the last look. */
  readonly expected: readonly { readonly ping: P; readonly at: number }[];
  /** Undefined: not before something changes. */
  readonly nextLookMs: number | undefined;
}

interface Awaited<P> {
  readonly ping: P;
  at: number | undefined;
  said: boolean;
}

/** A tick that has passed is followed by the next one not sooner than this: every second is as often as any schedule fires. */
const soonestMs = 250;
/** The wall clock may be stepped: it is looked at again within this time. */
const latestMs = 60_000;

/** Which ticks are near. Each source is asked for its next tick once, and again only when that has passed. */
export class PrewarmPlan<P extends PlannedPing> {
  private readonly horizonMs: number;
  private awaited: Awaited<P>[] = [];

  constructor(horizonMs: number) {
    this.horizonMs = horizonMs;
  }

  /** Begins anew with these sources: every tick within the horizon is expected again. */
  renew(pings: Iterable<P>): void {
    this.awaited = [];
    for (const ping of pings) {
      const at = ping.nextTick();
      if (at !== undefined) this.awaited.push({ ping, at, said: false });
    }
  }

  /** @param now wall time, milliseconds since the epoch. */
  step(now: number): PlanStep<P> {
    const expected: { ping: P; at: number }[] = [];
    let nextLookMs = Infinity;
    for (const each of this.awaited) {
      if (each.at !== undefined && each.at <= now) {
        const next = each.ping.nextTick();
        each.said = each.said && next === each.at;
        each.at = next;
      }
      if (each.at === undefined) continue;
      const inMs = each.at - now;
      if (!each.said && inMs > 0 && inMs <= this.horizonMs) {
        each.said = true;
        expected.push({ ping: each.ping, at: each.at });
      }
      nextLookMs = Math.min(nextLookMs, each.said || inMs <= 0 ? inMs + 1 : inMs - this.horizonMs);
    }
    const wait = nextLookMs === Infinity ? undefined : Math.min(Math.max(nextLookMs, soonestMs), latestMs);
    return { expected, nextLookMs: wait };
  }
}
