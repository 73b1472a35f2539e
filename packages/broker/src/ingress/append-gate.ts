import type { Clock, Timer } from "@rouse/base";
import { BrokerFault } from "../broker-fault.ts";
import { Fifo } from "../log/fifo.ts";

const inFlightMax = 512;
/** While the router is behind: what is written and answered in one turn of the event loop is what delivery waits for. */
const inFlightBehindMax = 160;
const queuedMax = 4_096;
const queuedBytesMax = 16 * 1024 * 1024;
const retryAfterMs = 1_000;
/** Events not routed yet, more than the router holds at once: they come in faster than they are routed. */
const busyLag = 256;
/** With as many events not routed yet, a write needs a credit. */
const lagMax = 1_024;
const creditsPerRouted = 4;
const creditsMax = 2_048;
/** Another replica may be routing in place of this one, so nothing may wait for this one's router for ever. */
const creditWaitMs = 1_000;

interface Waiting {
  readonly bytes: number;
  /** When it goes without a credit. */
  readonly deadline: number;
  readonly start: () => void;
}

/** What {@link AppendGate} is made of. */
export interface AppendGateParts {
  readonly clock: Clock;
  /** Events that are stored and, as far as this process knows, not routed; asked for each write. */
  readonly lag: () => number;
}

/**
 * Lets at most 512 writes be under way and 4,096 of them, or 16 MiB, wait; the next is refused with BROKER_BUSY. Takes
 * of ingress what delivery, which runs in the same loop, would otherwise be starved of: while 1,024 events or more
 * wait for the router, at most 160 writes are under way, and each event that the router takes lets at most four be
 * written, in the order in which they came. One that was not let in within a second goes all the same.
 */
export class AppendGate {
  private readonly parts: AppendGateParts;
  private inFlight = 0;
  private queuedBytes = 0;
  private readonly queue = new Fifo<Waiting>();
  private credits = creditsMax;
  private timer: Timer | undefined;

  constructor(parts: AppendGateParts) {
    this.parts = parts;
  }

  /** Writes that are under way. */
  get underWay(): number {
    return this.inFlight;
  }

  /** The router is so far behind that writes need credits, or writes wait already. */
  get behind(): boolean {
    return this.queue.size > 0 || this.lag >= lagMax;
  }

  /** Events come in faster than this process routes them. */
  get busy(): boolean {
    return this.lag > busyLag;
  }

  /**
   * Runs the write when it is its turn; throws BROKER_BUSY at once when too many wait.
   * @param since when what it is part of came in, on the monotonic clock; default now.
   */
  async run<T>(bytes: number, write: () => Promise<T>, since = this.parts.clock.monotonic()): Promise<T> {
    if (this.queue.size === 0 && this.inFlight < this.places && this.admits(since + creditWaitMs)) this.inFlight++;
    else await this.turn(bytes, since + creditWaitMs);
    try {
      return await write();
    } finally {
      this.inFlight--;
      this.advance();
    }
  }

  /** The router took so many events. */
  routed(events: number): void {
    this.credits = Math.min(creditsMax, this.credits + events * creditsPerRouted);
    if (this.queue.size > 0) this.advance();
  }

  /** What is under way counts: all of it may be stored before the router takes the next. */
  private get lag(): number {
    return this.parts.lag() + this.inFlight;
  }

  private get places(): number {
    return this.lag < lagMax ? inFlightMax : inFlightBehindMax;
  }

  private admits(deadline: number): boolean {
    if (this.lag < lagMax) return true;
    if (this.credits > 0) {
      this.credits--;
      return true;
    }
    return this.parts.clock.monotonic() >= deadline;
  }

  private turn(bytes: number, deadline: number): Promise<void> {
    if (this.queue.size >= queuedMax || this.queuedBytes + bytes > queuedBytesMax) {
      throw new BrokerFault("BROKER_BUSY", `expected at most ${queuedMax} writes to wait for the log, there are more`, {
        hint: "send the event again after the delay, or fewer at once",
        retryAfterMs,
      });
    }
    this.queuedBytes += bytes;
    return new Promise((resolve) => {
      this.queue.push({ bytes, deadline, start: resolve });
      this.watch();
    });
  }

  /** Hands places that are free to those that wait longest. */
  private advance(): void {
    for (let first = this.queue.peek(); first && this.inFlight < this.places; first = this.queue.peek()) {
      if (!this.admits(first.deadline)) {
        this.watch();
        return;
      }
      this.queue.shift();
      this.queuedBytes -= first.bytes;
      this.inFlight++;
      first.start();
    }
  }

  /** Looks again when the first has waited long enough; without a place it goes on when a write ends. */
  private watch(): void {
    const first = this.queue.peek();
    if (this.timer || !first || this.inFlight >= this.places) return;
    const { clock } = this.parts;
    this.timer = clock.setTimer(Math.ceil(first.deadline - clock.monotonic()), () => {
      this.timer = undefined;
      this.advance();
    });
  }
}
