import { createInbox, type Msg, type Subscription } from "@nats-io/transport-node";
import type { Clock, Timer } from "@rouse/base";
import type { Puller, PullOptions } from "../engine.ts";
import { isAckSubject } from "./ack-subject.ts";
import { JetstreamHeldMessage } from "./jetstream-held-message.ts";
import type { Link } from "./link.ts";
import { readPullStatus } from "./pull-status.ts";
import { nanosPerMs } from "./stream-config.ts";

const expiresMs = 20_000;
/** So long after a request expired its status message is not waited for. */
const graceMs = 5000;
const repeatAfterMs = 250;
const confirmAfterMs = 500;
const encoder = new TextEncoder();

/** Where a puller pulls. */
export interface PullPlace {
  readonly stream: string;
  readonly cursor: string;
  /** Whether the cursor is there; rejects when that cannot be known now. */
  readonly exists: () => Promise<boolean>;
}

/**
 * Pulls by credit: asks only when half of the window is free, or nothing is outstanding, and never for more than is
 * free. The size of a request is in its reply subject, so that a refusal without a count can be taken off.
 * States: pulling → stopped | gone.
 */
export class JetstreamPuller implements Puller {
  private readonly link: Link;
  private readonly clock: Clock;
  private readonly place: PullPlace;
  private readonly options: PullOptions;
  private readonly next: string;
  private readonly inbox: string;
  private readonly subscription: Subscription;
  private readonly unlisten: () => void;
  private readonly onEnd: (puller: JetstreamPuller) => void;
  private heldCount = 0;
  private outstanding = 0;
  private pulling = true;
  private scheduled = false;
  private timer: Timer | undefined;
  private confirmTimer: Timer | undefined;
  private heard = 0;

  /** @param onEnd told when the puller stopped or its cursor is gone. */
  constructor(
    link: Link,
    clock: Clock,
    place: PullPlace,
    options: PullOptions,
    onEnd: (puller: JetstreamPuller) => void,
  ) {
    this.link = link;
    this.clock = clock;
    this.place = place;
    this.options = options;
    this.onEnd = onEnd;
    this.next = `$JS.API.CONSUMER.MSG.NEXT.${place.stream}.${place.cursor}`;
    this.inbox = createInbox();
    this.subscription = link.connection.subscribe(`${this.inbox}.*`, {
      callback: (_error, message) => this.take(message),
    });
    this.unlisten = link.whenUp(() => this.lose());
    this.ask();
  }

  get held(): number {
    return this.heldCount;
  }

  ask(): void {
    if (this.scheduled || !this.pulling) return;
    this.scheduled = true;
    queueMicrotask(this.request);
  }

  stop(): void {
    if (!this.pulling) return;
    this.end();
    // Draining takes what is on its way, to be handed back; without a connection nothing is.
    if (this.link.connected) this.subscription.drain().catch(() => {});
    else if (!this.link.connection.isClosed()) this.subscription.unsubscribe();
  }

  private readonly request = (): void => {
    this.scheduled = false;
    if (!this.pulling || !this.link.connected) return;
    const window = this.options.window();
    const free = window - this.heldCount - this.outstanding;
    if (free <= 0 || (this.outstanding > 0 && free * 2 < window)) return;
    this.outstanding += free;
    const body = encoder.encode(`{"batch":${free},"expires":${expiresMs * nanosPerMs}}`);
    this.link.send(this.next, body, `${this.inbox}.${free}`);
    this.forgetLater();
    this.confirmLater();
  };

  /**
   * nats-server 2.9 says nothing to a request for a consumer that is not there, so one that hears nothing asks once
   * whether it is. From then on a deletion is told to the request that waits.
   */
  private confirmLater(): void {
    const { heard } = this;
    this.confirmTimer?.cancel();
    this.confirmTimer = this.clock.setTimer(confirmAfterMs, () => {
      if (this.heard !== heard || !this.pulling || !this.link.connected) return;
      this.place.exists().then(
        (exists) => {
          if (!exists) this.lose();
        },
        // Whoever cannot ask hears of it through the reconnect, or asks again when the request has expired.
        () => {},
      );
    });
  }

  /** Every request has ended by then, with or without a status message. */
  private forgetLater(): void {
    this.timer?.cancel();
    this.timer = this.clock.setTimer(expiresMs + graceMs, () => {
      this.outstanding = 0;
      this.ask();
    });
  }

  private repeatLater(): void {
    this.timer?.cancel();
    this.timer = this.clock.setTimer(repeatAfterMs, () => {
      this.forgetLater();
      this.ask();
    });
  }

  private take(message: Msg): void {
    const { reply } = message;
    this.heard++;
    if (isAckSubject(reply)) this.takeMessage(message, reply);
    else if (this.pulling) this.takeStatus(message);
  }

  private takeMessage(message: Msg, reply: string): void {
    this.outstanding = Math.max(0, this.outstanding - 1);
    if (!this.pulling) {
      new JetstreamHeldMessage(message, reply, this.link, () => {}).nak();
      return;
    }
    this.heldCount++;
    const held = new JetstreamHeldMessage(message, reply, this.link, () => {
      this.heldCount--;
      this.ask();
    });
    this.options.onMessage(held);
  }

  private takeStatus(message: Msg): void {
    const asked = Number(message.subject.slice(this.inbox.length + 1));
    const status = readPullStatus(message.headers, asked);
    switch (status.kind) {
      case "nothing":
        break;
      case "ended":
        this.outstanding = Math.max(0, this.outstanding - status.left);
        this.ask();
        break;
      case "refused":
        this.outstanding = Math.max(0, this.outstanding - status.left);
        this.repeatLater();
        break;
      case "gone":
        this.lose();
        break;
      default:
        status satisfies never;
    }
  }

  private lose(): void {
    if (!this.pulling) return;
    this.end();
    if (!this.link.connection.isClosed()) this.subscription.unsubscribe();
    queueMicrotask(this.options.onGone);
  }

  private end(): void {
    this.pulling = false;
    this.outstanding = 0;
    this.timer?.cancel();
    this.confirmTimer?.cancel();
    this.unlisten();
    this.onEnd(this);
  }
}
