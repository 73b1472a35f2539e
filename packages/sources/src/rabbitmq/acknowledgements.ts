import type { Channel, ConsumeMessage } from "amqplib";

/** What settles deliveries on the channel that they came from. */
export type Settling = Pick<Channel, "ack" | "nack">;

/** A delivery that was taken. */
export interface Taken {
  readonly delivery: ConsumeMessage;
}

interface Entry extends Taken {
  state: "open" | "stored" | "answered";
}

/** Answered entries at the front are dropped together when there are that many. */
const sweepAt = 1_024;

/**
 * What one channel is told of its deliveries, which are taken in the order of their tags. Those that were stored in one
 * turn of the event loop are acknowledged at its end, all that follow each other with a single frame: a frame for each
 * would be a system call for each, here and in RabbitMQ. One that stands back holds up no other.
 */
export class Acknowledgements {
  private readonly channel: Settling;
  private readonly later: (run: () => void) => void;
  private entries: Entry[] = [];
  /** Entries before it are answered. */
  private head = 0;
  private stored: Entry[] = [];
  private ended = false;

  /** @param later runs what is handed to it when the input that came together has been worked on. */
  constructor(channel: Settling, later: (run: () => void) => void = setImmediate) {
    this.channel = channel;
    this.later = later;
  }

  take(delivery: ConsumeMessage): Taken {
    const entry: Entry = { delivery, state: "open" };
    this.entries.push(entry);
    return entry;
  }

  /** Its event is stored: it is acknowledged with the others of this turn. Once is enough. */
  acknowledge(taken: Taken): void {
    if (this.ended) return;
    const entry = taken as Entry;
    entry.state = "stored";
    if (this.stored.push(entry) === 1) this.later(this.flush);
  }

  /** Its dead record is stored: the queue's dead-letter exchange gets it, at once. */
  reject(taken: Taken): void {
    if (this.ended) return;
    (taken as Entry).state = "answered";
    this.tell(() => this.channel.nack(taken.delivery, false, false));
  }

  /** Tells what is stored and not told yet. */
  readonly flush = (): void => {
    const { stored } = this;
    this.stored = [];
    if (this.ended || stored.length === 0) return;
    const last = this.advance();
    if (last !== undefined) this.tell(() => this.channel.ack(last.delivery, true));
    for (const entry of stored) {
      if (entry.state === "answered") continue;
      entry.state = "answered";
      this.tell(() => this.channel.ack(entry.delivery));
    }
  };

  /** The channel is gone: nothing can be told any more. */
  end(): void {
    this.ended = true;
  }

  /** Passes what is settled without a gap; the last of it that is not acknowledged yet. */
  private advance(): Entry | undefined {
    let last: Entry | undefined;
    for (let entry = this.entries[this.head]; entry && entry.state !== "open"; entry = this.entries[this.head]) {
      if (entry.state === "stored") last = entry;
      entry.state = "answered";
      this.head += 1;
    }
    if (this.head === this.entries.length || this.head >= sweepAt) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return last;
  }

  private tell(answer: () => void): void {
    try {
      answer();
    } catch {
      // The channel was closed this very moment: the message comes again, under the same id where it has one.
    }
  }
}
