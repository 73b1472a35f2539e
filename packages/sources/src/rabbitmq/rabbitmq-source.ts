import { randomUUID } from "node:crypto";
import type { Backoff, Clock } from "@rouse/base";
import type { Sink } from "../sink.ts";
import type { Source, SourcePhase, SourceTrouble } from "../source.ts";
import type { RabbitmqConnection } from "./connection.ts";
import { type Consumer, type QueueCounts, startConsumer } from "./consumer.ts";
import type { IntakeNote } from "./intake.ts";
import { Link, type LinkState } from "./link.ts";

/** A RabbitmqSource, complete. */
export interface RabbitmqSourceDefinition {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly connection: RabbitmqConnection;
  /** Declared and bound unless `predeclared`; undefined or empty: only the queue is. */
  readonly exchangeName: string | undefined;
  readonly queueName: string;
  /** Of the queue that is declared. */
  readonly queueType: "quorum" | "classic";
  /** Nothing is declared; the queue must be there. */
  readonly predeclared: boolean;
  /** 1 to 1,000 messages are in flight at most; 1 keeps their order. */
  readonly parallelism: number;
  /**
   * How the waits grow while the sink is unavailable. `retry` is not counted: a message is not to blame for that, and
   * stays where it is.
   */
  readonly delivery:
    | {
        readonly retry?: number | undefined;
        readonly backoffPolicy?: "linear" | "exponential" | undefined;
        readonly backoffDelayMs?: number | undefined;
      }
    | undefined;
  readonly ceOverrides: { readonly extensions: Readonly<Record<string, string>> } | undefined;
}

/** What a RabbitmqSource works with. */
export interface RabbitmqSourceOptions {
  readonly definition: RabbitmqSourceDefinition;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told when the status changed in more than its counts; cheap, must not throw. */
  readonly changed?: () => void;
  /** Ids for messages without one; default random UUIDs. */
  readonly freshId?: () => string;
  /** How long disposing waits for answers of the sink, milliseconds; default 5,000. */
  readonly drainMs?: number;
}

/** How a RabbitmqSource is at this moment; counts since the start of this one. */
export interface RabbitmqSourceStatus {
  readonly phase: SourcePhase;
  readonly connection: LinkState;
  readonly queue: string;
  /** As RabbitMQ counted a few seconds ago; undefined before it did, and while there is no connection. */
  readonly messagesReady: number | undefined;
  readonly consumers: number | undefined;
  /** Taken from the queue and not acknowledged. */
  readonly inFlight: number;
  readonly stored: number;
  /** Kept as dead records. */
  readonly buried: number;
  readonly trouble: SourceTrouble | undefined;
}

export type RabbitmqSource = Source<RabbitmqSourceStatus>;

const defaultBackoffDelayMs = 200;
const backoffCapMs = 30_000;

/**
 * Makes events of the messages of one queue. A message is acknowledged after its event is stored, and rejected without
 * requeueing after its dead record is; a kill between the two repeats it. While the sink is unavailable messages stay in
 * flight, un-acknowledged. Disposing waits up to `drainMs` for answers; what is not answered then stays with RabbitMQ.
 */
export function createRabbitmqSource(options: RabbitmqSourceOptions): RabbitmqSource {
  return new RunningRabbitmqSource(options);
}

class RunningRabbitmqSource implements RabbitmqSource {
  private readonly options: RabbitmqSourceOptions;
  private readonly link: Link;
  private phase: SourcePhase = "idle";
  private consumer: Consumer | undefined;
  private counts: QueueCounts | undefined;
  private stored = 0;
  private buried = 0;
  private sinkTrouble: SourceTrouble | undefined;

  constructor(options: RabbitmqSourceOptions) {
    this.options = options;
    const { definition, clock, random, drainMs = 5_000 } = options;
    const { connection, namespace, name } = definition;
    this.link = new Link({
      connection,
      name: `rouse ${namespace}/${name}`,
      clock,
      random,
      drainMs,
      changed: () => this.changed(),
      serve: async (model, endpoint) => {
        this.consumer = await startConsumer(model, endpoint, this.consumerOptions());
        return this.consumer;
      },
    });
  }

  start(): void {
    if (this.phase !== "idle") return;
    this.phase = "running";
    this.link.start();
  }

  status(): RabbitmqSourceStatus {
    const connected = this.link.state === "connected";
    return {
      phase: this.phase,
      connection: this.link.state,
      queue: this.options.definition.queueName,
      messagesReady: connected ? this.counts?.ready : undefined,
      consumers: connected ? this.counts?.consumers : undefined,
      inFlight: connected ? (this.consumer?.inFlight ?? 0) : 0,
      stored: this.stored,
      buried: this.buried,
      trouble: this.link.trouble ?? this.sinkTrouble,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.phase = "closed";
    await this.link[Symbol.asyncDispose]();
  }

  private consumerOptions() {
    const { definition, sink, clock, random, freshId = randomUUID } = this.options;
    return {
      topology: definition,
      shape: definition,
      parallelism: Math.min(Math.max(1, Math.floor(definition.parallelism)), 1_000),
      sink,
      clock,
      random,
      freshId,
      backoff: backoffOf(definition.delivery),
      note: (note: IntakeNote) => this.note(note),
      counted: (counts: QueueCounts) => {
        this.counts = counts;
        this.changed();
      },
    };
  }

  private note(note: IntakeNote): void {
    switch (note.kind) {
      case "stored":
        this.stored += 1;
        if (this.sinkTrouble !== undefined) this.complain(undefined);
        return;
      case "buried":
        this.buried += 1;
        this.complain(
          `a message of queue "${this.options.definition.queueName}" is kept as a dead record: ${note.message}`,
        );
        return;
      case "unavailable":
        this.complain(note.message);
        return;
      default:
        note satisfies never;
    }
  }

  private complain(message: string | undefined): void {
    this.sinkTrouble = message === undefined ? undefined : { at: this.options.clock.now(), message };
    this.changed();
  }

  private changed(): void {
    this.options.changed?.();
  }
}

function backoffOf(delivery: RabbitmqSourceDefinition["delivery"]): Backoff {
  const { backoffPolicy = "exponential", backoffDelayMs = defaultBackoffDelayMs } = delivery ?? {};
  return { policy: backoffPolicy, delayMs: backoffDelayMs, capMs: backoffCapMs, jitter: 0.1 };
}
