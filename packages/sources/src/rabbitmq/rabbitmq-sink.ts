import { type Clock, sleep } from "@rouse/base";
import type { CloudEvent, ContentMode } from "@rouse/events";
import type { Outlet, OutletStatus, SendAnswer } from "../outlet.ts";
import type { RabbitmqConnection } from "./connection.ts";
import { Link } from "./link.ts";
import { type Publisher, startPublisher } from "./publisher.ts";

/** A RabbitmqSink, complete. */
export interface RabbitmqSinkDefinition {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly connection: RabbitmqConnection;
  /** It must be there. Empty: the default exchange, whose routing keys are names of queues. */
  readonly exchangeName: string;
  /** Undefined: the type of each event. */
  readonly routingKey: string | undefined;
  readonly contentMode: ContentMode;
}

/** What a RabbitmqSink works with. */
export interface RabbitmqSinkOptions {
  readonly definition: RabbitmqSinkDefinition;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told when the status changed; cheap, must not throw. */
  readonly changed?: () => void;
  /** How long disposing waits for confirmations, milliseconds; default 5,000. */
  readonly drainMs?: number;
}

export type RabbitmqSink = Outlet;

/** So long an event waits for a connection that is being made. */
const connectionWaitMs = 5_000;
const retryMs = 1_000;

/**
 * Publishes events to an exchange: persistent, mandatory, and confirmed by RabbitMQ before they are `stored` (written to
 * disk by the queue, by a majority for a quorum queue). An event that no queue takes is `refused`: RabbitMQ would drop it.
 * A resource alarm, a full queue and a lost connection are `unavailable`.
 */
export function createRabbitmqSink(options: RabbitmqSinkOptions): RabbitmqSink {
  return new RunningRabbitmqSink(options);
}

class RunningRabbitmqSink implements RabbitmqSink {
  private readonly options: RabbitmqSinkOptions;
  private readonly link: Link;
  private publisher: Publisher | undefined;
  private readonly closed = new AbortController();
  /** Called, once, when the state of the link changes. */
  private waiters = new Set<() => void>();

  constructor(options: RabbitmqSinkOptions) {
    this.options = options;
    const { definition, clock, random, drainMs = 5_000 } = options;
    this.link = new Link({
      connection: definition.connection,
      name: `rouse ${definition.namespace}/${definition.name}`,
      clock,
      random,
      drainMs,
      changed: () => this.changed(),
      serve: async (model, endpoint) => {
        this.publisher = await startPublisher(model, endpoint, { destination: definition, clock });
        return this.publisher;
      },
    });
  }

  async send(event: CloudEvent): Promise<SendAnswer> {
    if (this.closed.signal.aborted) return this.away("it is closed");
    this.link.start();
    if (this.link.state === "connecting") await this.connection();
    const answer =
      this.link.state !== "connected" || this.publisher === undefined
        ? this.away(this.link.trouble?.message ?? "there is no connection to RabbitMQ yet")
        : await this.publisher.publish(event);
    // A caller that sends again at once must leave room for the timers and sockets that end the trouble.
    if (answer.kind === "unavailable") await new Promise((resolve) => setImmediate(resolve));
    return answer;
  }

  status(): OutletStatus {
    return { connected: this.link.state === "connected", trouble: this.link.trouble };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed.abort();
    await this.link[Symbol.asyncDispose]();
  }

  /** Waits until the link is no longer connecting, within a bound. */
  private async connection(): Promise<void> {
    const enough = new AbortController();
    const wake = (): void => enough.abort();
    this.waiters.add(wake);
    const wait = sleep(this.options.clock, connectionWaitMs, enough.signal);
    await wait.catch(() => undefined);
    this.waiters.delete(wake);
  }

  private changed(): void {
    if (this.link.state !== "connecting") {
      const { waiters } = this;
      this.waiters = new Set();
      for (const wake of waiters) wake();
    }
    this.options.changed?.();
  }

  private away(reason: string): SendAnswer {
    return { kind: "unavailable", reason, retryAfterMs: retryMs };
  }
}
