import type { NatsConnection } from "@nats-io/transport-node";
import type { Timer } from "@rouse/base";
import type { Piece } from "./hand-over.ts";
import { Pipeline } from "./pipeline.ts";
import type { ReaderPorts } from "./reader.ts";

/** So many messages are remembered as stored, for one that comes again because its ack was lost. */
const settledMax = 4_096;
const widthMax = 64;

/**
 * With a delay: by then our connection is closed, and the message goes to whoever asks next instead of to a request of
 * ours that a server of 2.9 has not given up yet.
 */
const nak = '-NAK {"delay":250000000}';

/** A message of a stream that is not acknowledged yet. */
export interface HeldMessage {
  /** Where acks go. */
  readonly reply: string;
  readonly connection: NatsConnection;
  readonly piece: Piece;
}

/** The messages of a stream that are on their way into the sink: kept from being redelivered, acknowledged when stored. */
export class HeldMessages {
  /** How long the consumer waits for an ack, milliseconds. */
  ackWaitMs = 30_000;
  /** Of all that is held. */
  bytes = 0;
  private readonly ports: ReaderPorts;
  private readonly released: () => void;
  private readonly held = new Map<string, HeldMessage>();
  private readonly settled = new Set<string>();
  private readonly pipeline: Pipeline<HeldMessage>;
  private extending: Timer | undefined;

  /** @param released called when one is held no more. */
  constructor(ports: ReaderPorts, released: () => void) {
    this.ports = ports;
    this.released = released;
    const width = ports.definition.ordering === "ordered" ? 1 : widthMax;
    this.pipeline = new Pipeline(width, (message) => this.settle(message));
  }

  get size(): number {
    return this.held.size;
  }

  take(message: HeldMessage): void {
    const { messageId, raw } = message.piece;
    if (this.settled.has(messageId)) answer(message, "+ACK");
    if (this.settled.has(messageId) || this.held.has(messageId)) return;
    this.held.set(messageId, message);
    this.bytes += raw.length;
    this.pipeline.put(message);
    this.extending ??= this.ports.clock.setTimer(this.ackWaitMs / 3, () => this.extend());
  }

  /** Hands back what is not begun, so that another process has it at once, and waits for the rest. */
  async drain(): Promise<void> {
    for (const message of this.pipeline.takeWaiting()) this.release(message, nak);
    await this.pipeline.idle();
    this.extending?.cancel();
  }

  /** Hands back everything: what the sink has not answered by now may come again, and is known by its id. */
  abandon(): void {
    for (const message of this.held.values()) answer(message, nak);
    this.extending?.cancel();
    this.extending = undefined;
  }

  private async settle(message: HeldMessage): Promise<void> {
    const outcome = await this.ports.hand(message.piece);
    switch (outcome) {
      case "stored":
      case "buried":
        this.remember(message.piece.messageId);
        this.release(message, outcome === "stored" ? "+ACK" : "+TERM");
        break;
      case "given-up":
        this.release(message, nak);
        break;
      default:
        outcome satisfies never;
    }
  }

  private release(message: HeldMessage, how: string): void {
    const { messageId, raw } = message.piece;
    this.held.delete(messageId);
    this.bytes -= raw.length;
    answer(message, how);
    this.released();
  }

  private remember(messageId: string): void {
    this.settled.add(messageId);
    if (this.settled.size <= settledMax) return;
    const [oldest] = this.settled;
    this.settled.delete(oldest!);
  }

  /** The sink may be away for longer than the consumer waits for an ack: it is told that work goes on. */
  private extend(): void {
    this.extending = undefined;
    for (const message of this.held.values()) answer(message, "+WPI");
    if (this.held.size > 0) {
      this.extending = this.ports.clock.setTimer(this.ackWaitMs / 3, () => this.extend());
    }
  }
}

function answer({ connection, reply }: HeldMessage, how: string): void {
  try {
    connection.publish(reply, how);
  } catch {
    // The connection is closed: the message comes again, and is known by its id.
  }
}
