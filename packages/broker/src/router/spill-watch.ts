import type { Clock, Timer } from "@rouse/base";

/** Something that is spilled when it takes too long. */
export interface Spillable {
  readonly startedAt: number;
  spill(): void;
}

/** Calls `spill` on what is still watched `afterMs` after it started; one timer, set for the oldest. */
export class SpillWatch {
  private readonly clock: Clock;
  private readonly afterMs: number;
  private readonly watched = new Set<Spillable>();
  private timer: Timer | undefined;

  constructor(clock: Clock, afterMs: number) {
    this.clock = clock;
    this.afterMs = afterMs;
  }

  add(attempt: Spillable): void {
    this.watched.add(attempt);
    this.timer ??= this.clock.setTimer(this.afterMs, this.look);
  }

  delete(attempt: Spillable): void {
    this.watched.delete(attempt);
  }

  stop(): void {
    this.watched.clear();
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly look = (): void => {
    this.timer = undefined;
    const now = this.clock.monotonic();
    for (const attempt of this.watched) {
      const restMs = attempt.startedAt + this.afterMs - now;
      if (restMs > 0.5) {
        this.timer = this.clock.setTimer(restMs, this.look);
        return;
      }
      this.watched.delete(attempt);
      attempt.spill();
    }
  };
}
