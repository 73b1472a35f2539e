import type { Clock, Timer } from "@rouse/base";

const afterFailureMs = 1_000;

/** What {@link Sweep} is made of. */
export interface SweepParts {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly sweep: () => Promise<void>;
}

/**
 * Looks for lanes with copies and no reader, such as a process leaves that dies: at `now`, and every `everyMs` from then on.
 * Looks never overlap; one asked for during another follows it.
 */
export class Sweep {
  private readonly parts: SweepParts;
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(parts: SweepParts) {
    this.parts = parts;
  }

  /** Looks at once; resolves when that is done. */
  now(): Promise<void> {
    if (this.running) this.again = true;
    else this.running = this.run();
    return this.running;
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private async run(): Promise<void> {
    let nextMs = this.parts.everyMs;
    do {
      this.again = false;
      this.timer?.cancel();
      nextMs = await this.parts.sweep().then(
        () => this.parts.everyMs,
        () => afterFailureMs,
      );
    } while (this.again && !this.stopped);
    this.running = undefined;
    if (!this.stopped) this.timer = this.parts.clock.setTimer(nextMs, () => void this.now());
  }
}
