import { BrokerFault } from "../broker-fault.ts";

const inFlightMax = 512;
const queuedMax = 4_096;
const queuedBytesMax = 16 * 1024 * 1024;
const retryAfterMs = 1_000;

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Lets at most 512 writes be under way and 4,096 of them, or 16 MiB, wait; the next is refused with BROKER_BUSY. Takes
 * of ingress what delivery, which runs in the same loop, would otherwise be starved of.
 */
export class AppendGate {
  private inFlight = 0;
  private queuedBytes = 0;
  private queue: Waiting[] = [];
  private first = 0;

  /** Writes that are under way. */
  get underWay(): number {
    return this.inFlight;
  }

  /** Runs the write when it is its turn; throws BROKER_BUSY at once when too many wait. */
  async run<T>(bytes: number, write: () => Promise<T>): Promise<T> {
    if (this.inFlight >= inFlightMax) await this.turn(bytes);
    else this.inFlight++;
    try {
      return await write();
    } finally {
      this.next();
    }
  }

  private turn(bytes: number): Promise<void> {
    if (this.queue.length - this.first >= queuedMax || this.queuedBytes + bytes > queuedBytesMax) {
      throw new BrokerFault("BROKER_BUSY", `expected at most ${queuedMax} writes to wait for the log, there are more`, {
        hint: "send the event again after the delay, or fewer at once",
        retryAfterMs,
      });
    }
    this.queuedBytes += bytes;
    return new Promise((resolve) => this.queue.push({ bytes, start: resolve }));
  }

  /** Hands the place that became free to the one that waits longest. */
  private next(): void {
    const waiting = this.queue[this.first];
    if (!waiting) {
      this.inFlight--;
      return;
    }
    this.first++;
    if (this.first === this.queue.length || this.first > queuedMax) {
      this.queue = this.queue.slice(this.first);
      this.first = 0;
    }
    this.queuedBytes -= waiting.bytes;
    waiting.start();
  }
}
