import type { Clock, Timer } from "@rouse/base";
import { type CloudEvent, type ContentMode, encodeAmqp, identityOf } from "@rouse/events";
import type { ChannelModel, ConfirmChannel, Options } from "amqplib";
import type { SendAnswer } from "../outlet.ts";
import type { Endpoint } from "./connection.ts";
import type { Session } from "./link.ts";
import { asked } from "./topology.ts";
import { channelWords } from "./trouble-words.ts";

/** Where a publisher puts its events. */
export interface Destination {
  /** Empty: the default exchange, whose routing keys are names of queues. */
  readonly exchangeName: string;
  /** Undefined: the event's type. */
  readonly routingKey: string | undefined;
  readonly contentMode: ContentMode;
}

/** A channel in confirm mode. */
export interface Publisher extends Session {
  /** Answers when RabbitMQ has confirmed the event, or has not within a bound; never rejects. */
  publish(event: CloudEvent): Promise<SendAnswer>;
}

const confirmMs = 30_000;
const retryMs = 1_000;
const alarmRetryMs = 5_000;
const blockedGraceMs = 1_000;
const lostWords = "the connection to RabbitMQ was lost before the confirmation";
const shortStringBytesMax = 255;
/** More would only wait in this process. */
const unconfirmedMax = 1_024;

/** Opens a channel in confirm mode and looks whether the exchange is there. Throws with the reason in words. */
export async function startPublisher(
  model: ChannelModel,
  endpoint: Endpoint,
  options: { readonly destination: Destination; readonly clock: Clock },
): Promise<Publisher> {
  const exchange = options.destination.exchangeName;
  const step = { kind: "publish", exchange } as const;
  const channel = await asked(step, endpoint, () => model.createConfirmChannel());
  let end: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  const publisher = new ConfirmedPublisher(channel, options.destination, options.clock, ended);
  channel.on("error", (error) => end(channelWords(error, step, endpoint)));
  channel.once("close", () => end(channelWords(new Error("it was closed"), step, endpoint)));
  model.on("blocked", (reason) => publisher.block(reason));
  model.on("unblocked", () => publisher.block(undefined));
  if (exchange !== "") await asked(step, endpoint, () => channel.checkExchange(exchange));
  return publisher;
}

interface Waiting {
  /** Why RabbitMQ gave it back, which it says before it confirms. */
  returned: string | undefined;
  readonly giveUp: (reason: string) => void;
}

class ConfirmedPublisher implements Publisher {
  readonly ended: Promise<string>;
  private readonly channel: ConfirmChannel;
  private readonly destination: Destination;
  private readonly clock: Clock;
  private blocked: string | undefined;
  private readonly waiting = new Map<string, Waiting>();
  private readonly answers = new Set<Promise<SendAnswer>>();
  private grace: Timer | undefined;
  private lost = false;

  constructor(channel: ConfirmChannel, destination: Destination, clock: Clock, ended: Promise<string>) {
    this.channel = channel;
    this.destination = destination;
    this.clock = clock;
    this.ended = ended;
    channel.on("return", ({ properties, fields }) => {
      const waiting = this.waiting.get(String(properties.messageId));
      const text = "replyText" in fields ? String(fields.replyText) : "NO_ROUTE";
      if (waiting) waiting.returned = text;
    });
  }

  /** The reason of a resource alarm of the server; undefined when it is over. */
  block(reason: string | undefined): void {
    this.blocked = reason;
    this.grace?.cancel();
    if (reason === undefined) return;
    // What was sent before may be confirmed yet; what the server did not read any more would wait for the alarm's end.
    this.grace = this.clock.setTimer(blockedGraceMs, () => this.giveUpAll(alarmWords(reason)));
  }

  async publish(event: CloudEvent): Promise<SendAnswer> {
    const routingKey = this.destination.routingKey ?? event.attributes.type;
    if (Buffer.byteLength(routingKey) > shortStringBytesMax) {
      return {
        kind: "refused",
        reason: `the routing key, the event's type, is longer than ${shortStringBytesMax} bytes`,
      };
    }
    if (this.blocked !== undefined) {
      return unavailable(alarmWords(this.blocked), alarmRetryMs);
    }
    if (this.lost) return unavailable(lostWords);
    if (this.answers.size >= unconfirmedMax) {
      return unavailable(`${unconfirmedMax} events wait for RabbitMQ's confirmation already`);
    }
    const answer = this.confirmed(event, routingKey);
    this.answers.add(answer);
    void answer.finally(() => this.answers.delete(answer));
    return answer;
  }

  async drain(): Promise<void> {
    await Promise.all(this.answers);
  }

  abandon(): void {
    this.lost = true;
    this.grace?.cancel();
    this.giveUpAll(lostWords);
  }

  private giveUpAll(reason: string): void {
    for (const waiting of [...this.waiting.values()]) waiting.giveUp(reason);
  }

  private confirmed(event: CloudEvent, routingKey: string): Promise<SendAnswer> {
    const messageId = messageIdOf(event);
    // What comes back unroutable is told apart by its message id, so no two of the same are under way.
    if (this.waiting.has(messageId)) return Promise.resolve(unavailable("an event of the same id is under way", 100));
    return new Promise<SendAnswer>((resolve) => {
      const settle = (answer: SendAnswer): void => {
        timer.cancel();
        // A confirmation may come after it was given up, and the event may be under way again.
        if (this.waiting.get(messageId) === waiting) this.waiting.delete(messageId);
        resolve(answer);
      };
      const giveUp = (reason: string): void => settle(unavailable(reason));
      const late = (): void => giveUp(`RabbitMQ has not confirmed the event within ${confirmMs / 1000} s`);
      const timer = this.clock.setTimer(confirmMs, late);
      const waiting: Waiting = { returned: undefined, giveUp };
      this.waiting.set(messageId, waiting);
      this.send(event, routingKey, messageId, waiting, settle);
    });
  }

  private send(
    event: CloudEvent,
    routingKey: string,
    messageId: string,
    waiting: Waiting,
    settle: (answer: SendAnswer) => void,
  ): void {
    const { exchangeName, contentMode } = this.destination;
    const { contentType, headers, body } = encodeAmqp(event, contentMode);
    const content = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const properties: Options.Publish = { mandatory: true, persistent: true, messageId, headers };
    if (contentType !== undefined) properties.contentType = contentType;
    try {
      this.channel.publish(exchangeName, routingKey, content, properties, (failure: unknown) => {
        if (failure instanceof Error) settle(unavailable(failureWords(failure)));
        else if (waiting.returned === undefined) settle({ kind: "stored" });
        else settle({ kind: "refused", reason: unroutable(exchangeName, routingKey, waiting.returned) });
      });
    } catch (thrown) {
      // Attributes that do not fit into AMQP's table of headers are wrong for ever; a closing channel is not.
      if (thrown instanceof RangeError) settle({ kind: "refused", reason: thrown.message });
      else settle(unavailable(lostWords));
    }
  }
}

/** The event's id, as Knative has it; the event's identity where AMQP has no room for the id. */
function messageIdOf(event: CloudEvent): string {
  const { id } = event.attributes;
  return Buffer.byteLength(id) <= shortStringBytesMax ? id : identityOf(event);
}

function failureWords(failure: Error): string {
  if (failure.message === "message nacked") return "RabbitMQ did not take the event: a queue is full, or has no leader";
  return "the channel was closed before the confirmation";
}

function unroutable(exchange: string, routingKey: string, text: string): string {
  const where = exchange === "" ? "the default exchange" : `exchange "${exchange}"`;
  return `no queue takes the event: ${where}, routing key "${routingKey}" (${text})`;
}

function alarmWords(reason: string): string {
  return `RabbitMQ takes no events at the moment: ${reason}`;
}

function unavailable(reason: string, retryAfterMs = retryMs): SendAnswer {
  return { kind: "unavailable", reason, retryAfterMs };
}
