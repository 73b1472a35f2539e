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
const heartbeatMs = 1000;
/** Two heartbeats that did not come, and some time on the way. */
const silentMs = 2200;
/** How long a request that the server may be answering just now is listened to after the end. */
const lingerMs = 100;
/** What comes then goes back for longer than that, so that the same request does not get it again. */
const handedBackMs = 2 * lingerMs;
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
 * free. The size of a request is in its reply subject, so that a refusal without a count can be taken off. A request
 * that waits has the server send heartbeats: without them it was forgotten, and the puller is as good as gone.
 * States: pulling → stopping → stopped, or pulling → gone. While it is stopping it still listens: whom nobody listens to
 * gets no messages, but a server that is about to answer does not look again, and takes them for handed out.
 */
export class JetstreamPuller implements Puller {
  /** Resolves when nothing can come any more. */
  readonly over: Promise<void>;
  private readonly setOver: () => void;
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
  private ended = false;
  private scheduled = false;
  private timer: Timer | undefined;
  private listening: Timer | undefined;
  private heard = 0;

  /** @param onEnd told when nothing can come any more. */
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
    let setOver = () => {};
    this.over = new Promise((resolve) => {
      setOver = resolve;
    });
    this.setOver = setOver;
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
    this.pause();
    if (this.outstanding === 0 || !this.link.connected) this.end();
    else this.timer = this.clock.setTimer(lingerMs, () => this.end());
  }

  private readonly request = (): void => {
    this.scheduled = false;
    if (!this.pulling || !this.link.connected) return;
    const window = this.options.window();
    const free = window - this.heldCount - this.outstanding;
    if (free <= 0 || (this.outstanding > 0 && free * 2 < window)) return;
    this.outstanding += free;
    const times = `"expires":${expiresMs * nanosPerMs},"idle_heartbeat":${heartbeatMs * nanosPerMs}`;
    this.link.send(this.next, encoder.encode(`{"batch":${free},${times}}`), `${this.inbox}.${free}`);
    this.forgetLater();
    this.listen(confirmAfterMs);
  };

  /**
   * Listens for so long to what comes while a request is outstanding. nats-server 2.9 says nothing to a request for a
   * cursor that is not there, so silence leads to the question whether it is. Silence for longer than heartbeats take
   * means that the request was forgotten, unless they arrive before the answer: then only we were slow to read.
   */
  private listen(forMs: number): void {
    const { heard } = this;
    this.listening?.cancel();
    this.listening = this.clock.setTimer(forMs, () => {
      if (this.outstanding === 0) return;
      if (this.heard !== heard || !this.link.connected) return this.listen(silentMs);
      this.place.exists().then(
        (exists) => {
          if (!this.pulling) return;
          if (!exists || (forMs >= silentMs && this.heard === heard && this.outstanding > 0)) this.lose();
          else this.listen(silentMs);
        },
        () => {
          if (this.pulling) this.listen(silentMs);
        },
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
      new JetstreamHeldMessage(message, reply, this.link, () => {}).nak(handedBackMs);
      if (this.outstanding === 0) this.end();
      return;
    }
    this.heldCount++;
    this.options.onMessage(new JetstreamHeldMessage(message, reply, this.link, this.released));
  }

  private readonly released = (): void => {
    this.heldCount--;
    if (this.pulling) this.ask();
    else this.options.onReleased?.();
  };

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
    this.pause();
    this.end();
    queueMicrotask(this.options.onGone);
  }

  private pause(): void {
    this.pulling = false;
    this.timer?.cancel();
    this.listening?.cancel();
    this.unlisten();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.timer?.cancel();
    // Draining takes what is on its way, to be handed back; without a connection nothing is.
    if (this.link.connected) this.subscription.drain().catch(() => {});
    else if (!this.link.connection.isClosed()) this.subscription.unsubscribe();
    this.onEnd(this);
    this.setOver();
  }
}
