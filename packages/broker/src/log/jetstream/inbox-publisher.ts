import { createInbox, type Msg, type MsgHdrs, type Subscription } from "@nats-io/transport-node";
import type { Clock, Timer } from "@rouse/base";
import { LogFault } from "../../errors.ts";
import type { OutgoingMessage, Stored } from "../engine.ts";
import type { Link } from "./link.ts";
import { readPublishAnswer } from "./publish-answer.ts";
import { encodeHeaders } from "./wire-headers.ts";

interface Waiting {
  readonly resolve: (stored: Stored) => void;
  readonly reject: (fault: LogFault) => void;
  readonly deadline: number;
}

const timeoutMs = 5000;
const checkEveryMs = 500;

/**
 * Writes without a request object for each: one subscription takes all answers, told apart by the end of the subject.
 * Waiting writes are in the order of their deadlines, so one timer looks at the oldest. After a loss of the connection
 * it is unknown whether they were stored; the message id makes repeating them safe.
 */
export class InboxPublisher {
  private readonly link: Link;
  private readonly clock: Clock;
  private readonly prefix: string;
  private readonly subscription: Subscription;
  private readonly waiting = new Map<string, Waiting>();
  private readonly unlisten: () => void;
  private timer: Timer | undefined;
  private count = 0;

  constructor(link: Link, clock: Clock) {
    this.link = link;
    this.clock = clock;
    this.prefix = `${createInbox()}.`;
    this.subscription = link.connection.subscribe(`${this.prefix}*`, {
      callback: (_error, message) => this.take(message),
    });
    this.unlisten = link.whenDown(() => this.failAll(link.fault()));
  }

  publish(message: OutgoingMessage): Promise<Stored> {
    return new Promise((resolve, reject) => {
      this.link.assertConnected();
      const encoded = encodeHeaders(message.headers, message.messageId);
      const size = encoded.length + message.data.length;
      const { maxMessageBytes } = this.link;
      if (size > maxMessageBytes) {
        throw new LogFault("LOG_MESSAGE_TOO_LARGE", `message of ${size} bytes is larger than ${maxMessageBytes}`);
      }
      const id = (++this.count).toString(36);
      // The client only calls encode() on what it is given.
      const headers = { encode: () => encoded } as unknown as MsgHdrs;
      this.link.sendBatched(message.subject, message.data, { reply: this.prefix + id, headers });
      this.waiting.set(id, { resolve, reject, deadline: this.clock.monotonic() + timeoutMs });
      this.timer ??= this.clock.setTimer(checkEveryMs, this.expire);
    });
  }

  close(): void {
    this.unlisten();
    this.timer?.cancel();
    if (!this.link.connection.isClosed()) this.subscription.unsubscribe();
    this.failAll(this.link.fault());
  }

  private take(message: Msg): void {
    const id = message.subject.slice(this.prefix.length);
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    if (message.data.length === 0) {
      const text = `expected a stream to take the message, the server answered ${message.headers?.status ?? "nothing"}`;
      waiting.reject(new LogFault("LOG_UNAVAILABLE", text));
      return;
    }
    const answer = readPublishAnswer(message.data);
    if (answer instanceof LogFault) waiting.reject(answer);
    else waiting.resolve(answer);
  }

  private readonly expire = (): void => {
    this.timer = undefined;
    const now = this.clock.monotonic();
    for (const [id, waiting] of this.waiting) {
      if (waiting.deadline > now) break;
      this.waiting.delete(id);
      waiting.reject(new LogFault("LOG_UNAVAILABLE", `expected an answer within ${timeoutMs} ms, none came`));
    }
    if (this.waiting.size > 0) this.timer = this.clock.setTimer(checkEveryMs, this.expire);
  };

  /** One fault for all: building thousands with a stack each would stall the process at the worst moment. */
  private failAll(fault: LogFault): void {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    for (const waiting of all) waiting.reject(fault);
  }
}
