import type { Clock, Timer } from "@rouse/base";

/** What can be told that it is still being worked on. */
interface Held {
  working(): void;
  nak(): void;
}

/**
 * Extends the ack wait of the messages it keeps, each third of it, with one timer for all of them: a message kept
 * shorter than that, as nearly all are, costs no more than its place in a set.
 */
export class KeepAlive {
  private readonly clock: Clock;
  private readonly everyMs: number;
  private readonly held = new Set<Held>();
  private timer: Timer | undefined;

  constructor(clock: Clock, ackWaitMs: number) {
    this.clock = clock;
    this.everyMs = ackWaitMs / 3;
  }

  get size(): number {
    return this.held.size;
  }

  add(message: Held): void {
    this.held.add(message);
    this.timer ??= this.clock.setTimer(this.everyMs, this.extend);
  }

  delete(message: Held): void {
    this.held.delete(message);
  }

  /** Hands all messages back. */
  release(): void {
    for (const message of this.held) message.nak();
    this.held.clear();
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly extend = (): void => {
    this.timer = undefined;
    for (const message of this.held) message.working();
    if (this.held.size > 0) this.timer = this.clock.setTimer(this.everyMs, this.extend);
  };
}
