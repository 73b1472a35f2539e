import { setMaxListeners } from "node:events";
import type { ConsumeMessage } from "amqplib";
import { Acknowledgements, type Settling, type Taken } from "./acknowledgements.ts";
import { Gone } from "./gone.ts";
import { type HandOverPorts, handOver } from "./hand-over.ts";
import { type RabbitmqMessage, type RabbitmqShape, rabbitmqEvent } from "./mapping.ts";

/** What became of a delivery. */
export type IntakeNote =
  | { readonly kind: "stored" }
  | { readonly kind: "buried"; readonly message: string }
  | { readonly kind: "unavailable"; readonly message: string };

export interface IntakeOptions extends Omit<HandOverPorts, "complain" | "stopping" | "gone"> {
  readonly shape: RabbitmqShape;
  readonly channel: Settling;
  /** An id that was never used, for a message without one. */
  readonly freshId: () => string;
  readonly note: (note: IntakeNote) => void;
  /** Runs what is handed to it when the input that came together has been worked on; default `setImmediate`. */
  readonly later?: (run: () => void) => void;
}

/**
 * The deliveries of one consumer on one channel, on their way into the sink, all at once: the server sends no more than
 * the prefetch count without an acknowledgement. A delivery is acknowledged when its event is stored, and rejected
 * without requeueing, so that the queue's dead-letter exchange gets it too, when its dead record is stored; never sooner,
 * and never on another channel.
 */
export class Intake {
  private readonly options: IntakeOptions;
  private readonly stopping = new AbortController();
  private readonly gone = new Gone();
  private readonly busy = new Set<Promise<void>>();
  private readonly ports: HandOverPorts;
  private readonly acknowledgements: Acknowledgements;

  constructor(options: IntakeOptions) {
    this.options = options;
    this.acknowledgements = new Acknowledgements(options.channel, options.later);
    const { sink, clock, random, backoff, note } = options;
    const complain = (message: string): void => note({ kind: "unavailable", message });
    this.ports = { sink, clock, random, backoff, complain, stopping: this.stopping.signal, gone: this.gone };
    // Every delivery in flight may wait for the sink.
    setMaxListeners(0, this.stopping.signal);
  }

  /** Deliveries that are not settled. */
  get inFlight(): number {
    return this.busy.size;
  }

  take(delivery: ConsumeMessage): void {
    // What still comes after the consumer was cancelled goes back to the queue with the channel.
    if (this.stopping.signal.aborted) return;
    const settled = this.settle(this.acknowledgements.take(delivery)).finally(() => this.busy.delete(settled));
    this.busy.add(settled);
  }

  /** Takes nothing more, asks nothing again; resolves when everything asked is answered and settled. */
  async drain(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.busy);
    this.acknowledgements.flush();
  }

  /** The channel is gone: whatever is answered from now on is not acknowledged. */
  abandon(): void {
    this.stopping.abort();
    this.acknowledgements.end();
    this.gone.happen();
  }

  private async settle(taken: Taken): Promise<void> {
    const { shape, freshId, note } = this.options;
    const message = readMessage(taken.delivery);
    // A random id costs something, and nearly every message has one of its own.
    const mapped = rabbitmqEvent(message, shape, message.messageId || freshId());
    const outcome = await handOver(message, mapped, shape.queueName, this.ports);
    if (outcome.kind === "given-up") return;
    note(outcome);
    if (outcome.kind === "stored") this.acknowledgements.acknowledge(taken);
    else this.acknowledgements.reject(taken);
  }
}

function readMessage({ fields, properties, content }: ConsumeMessage): RabbitmqMessage {
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return {
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    messageId: text(properties.messageId),
    contentType: text(properties.contentType),
    timestamp: typeof properties.timestamp === "number" ? properties.timestamp : undefined,
    headers: properties.headers ?? {},
    body: content,
  };
}
