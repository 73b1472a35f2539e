import { createInbox, type Msg, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import type { Clock, Timer } from "@rouse/base";
import type { StreamPlace } from "./stream-place.ts";

const expiresMs = 10_000;
/** So long after a request expired its status message is not waited for. */
const graceMs = 2_000;
const repeatMs = 250;

/** What pulling needs to know. */
export interface PullPorts {
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly place: Pick<StreamPlace, "stream" | "consumer" | "batchMax" | "expiresMsMax">;
  /** How many messages may be held at most, and how many are. */
  room(): { readonly window: number; readonly held: number };
  take(message: Msg): void;
  /** The consumer is gone; called at most once. */
  gone(): void;
}

/**
 * Pulls from a consumer by credit: asks when half of the window is free, and never for more than is free.
 * States: pulling → closed.
 */
export class StreamPull {
  private readonly ports: PullPorts;
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private outstanding = 0;
  private forget: Timer | undefined;
  private closed = false;

  constructor(ports: PullPorts) {
    this.ports = ports;
    this.subscription = ports.connection.subscribe(`${this.inbox}.*`, {
      callback: (_error, message) => this.receive(message),
    });
    this.ask();
  }

  /** Asks for more when there is room enough. */
  ask(): void {
    if (this.closed) return;
    const { connection, place, clock } = this.ports;
    const { window, held } = this.ports.room();
    const free = Math.min(window - held - this.outstanding, place.batchMax);
    if (free <= 0 || (this.outstanding > 0 && free * 2 < window)) return;
    const forMs = Math.min(expiresMs, place.expiresMsMax);
    const request = JSON.stringify({ batch: free, expires: forMs * 1_000_000 });
    try {
      connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${place.stream}.${place.consumer}`, request, {
        reply: `${this.inbox}.${free}`,
      });
    } catch {
      // The connection is closed: whoever runs this learns it from the connection itself.
      return;
    }
    this.outstanding += free;
    this.forgetAfter(clock, forMs + graceMs);
  }

  /** A server forgets requests when the connection is lost. */
  reconnected(): void {
    this.outstanding = 0;
    this.ask();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.forget?.cancel();
    if (!this.ports.connection.isClosed()) this.subscription.unsubscribe();
  }

  private receive(message: Msg): void {
    if (this.closed) return;
    if (message.reply?.startsWith("$JS.ACK.")) {
      this.outstanding = Math.max(0, this.outstanding - 1);
      this.ports.take(message);
    } else this.receiveStatus(message);
  }

  private receiveStatus({ headers, subject }: Msg): void {
    const code = headers?.code ?? 0;
    if (code < 400) return;
    const asked = Number(subject.slice(this.inbox.length + 1));
    const left = headers?.get("Nats-Pending-Messages") || asked;
    this.outstanding = Math.max(0, this.outstanding - Number(left));
    const text = headers?.description ?? "";
    if (code === 404 || code === 408) this.ask();
    else if (code === 400 || code === 503 || /consumer deleted|stream deleted|push based/i.test(text)) this.end();
    else this.forgetAfter(this.ports.clock, repeatMs);
  }

  private end(): void {
    this.close();
    this.ports.gone();
  }

  /** Every request has ended by then, with or without a status message. */
  private forgetAfter(clock: Clock, delayMs: number): void {
    this.forget?.cancel();
    this.forget = clock.setTimer(delayMs, () => this.reconnected());
  }
}
