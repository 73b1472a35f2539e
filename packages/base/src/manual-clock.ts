import type { Clock, Timer } from "./clock.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that stands still until a test moves it. Timers fire in the order of their time, then of their setting. */
export class ManualClock implements Clock {
  private wall: number;
  private elapsed = 0;
  private order = 0;
  private readonly pending = new Set<Pending>();

  /** @param startMs wall time at the beginning, milliseconds since the epoch. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.wall = startMs;
  }

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.elapsed;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const entry: Pending = { at: this.elapsed + Math.max(0, delayMs), order: this.order++, fire };
    this.pending.add(entry);
    return { cancel: () => void this.pending.delete(entry) };
  }

  /** How many timers are set: zero at the end of a test means that nothing leaked. */
  get timers(): number {
    return this.pending.size;
  }

  /** Moves time on by `ms`, firing what falls due, and lets the work that each timer woke run before the next fires. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    await settle();
    for (let next = this.nextDue(end); next; next = this.nextDue(end)) {
      this.pending.delete(next);
      this.moveTo(Math.max(next.at, this.elapsed));
      next.fire();
      await settle();
    }
    this.moveTo(end);
    await settle();
  }

  /** Steps the wall clock alone, as NTP or an operator would; timers are not touched. */
  stepWall(ms: number): void {
    this.wall += ms;
  }

  private moveTo(elapsed: number): void {
    this.wall += elapsed - this.elapsed;
    this.elapsed = elapsed;
  }

  private nextDue(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.pending) {
      if (entry.at > end) continue;
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order)) first = entry;
    }
    return first;
  }
}

/** Lets promise chains and already finished I/O callbacks run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
