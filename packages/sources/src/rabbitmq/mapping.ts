import { messageOf } from "@rouse/base";
import {
  type AmqpMessage,
  type AttributeValue,
  type CloudEvent,
  createEvent,
  decodeAmqp,
  EventFault,
  identityOf,
  isAttributeName,
  parseMediaType,
  withAttributes,
} from "@rouse/events";

/** A message as it was taken from a queue. */
export interface RabbitmqMessage {
  readonly exchange: string;
  readonly routingKey: string;
  /** The property `message-id`; empty counts as absent. */
  readonly messageId: string | undefined;
  readonly contentType: string | undefined;
  /** The property `timestamp`: seconds since the epoch. */
  readonly timestamp: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
}

/** What of a RabbitmqSource shapes its events. */
export interface RabbitmqShape {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly queueName: string;
  /** Extensions set on every event, last; names of the specification's own attributes are left alone. */
  readonly ceOverrides: { readonly extensions: Readonly<Record<string, string>> } | undefined;
}

/** What a message became, with the identity that makes repeats one. `invalid` is for a dead record. */
export type RabbitmqMapped =
  | { readonly kind: "event"; readonly event: CloudEvent; readonly messageId: string }
  | {
      readonly kind: "invalid";
      readonly reason: "event-invalid" | "event-too-large";
      readonly message: string;
      readonly messageId: string;
    };

const eventType = "dev.knative.rabbitmq.event";
const ownAttributes: ReadonlySet<string> = new Set([
  ...["specversion", "id", "source", "type"],
  ...["subject", "time", "datacontenttype", "dataschema"],
]);
const tooLateMs = 253_402_300_800_000;

/** The `source` of the events that a RabbitmqSource makes of messages that are none, as Knative writes it. */
export function rabbitmqSourceUri(shape: Pick<RabbitmqShape, "namespace" | "name" | "queueName">): string {
  return `/apis/v1/namespaces/${shape.namespace}/rabbitmqsources/${shape.name}#${shape.queueName.replaceAll(" ", "%20")}`;
}

/**
 * The event of a message. A message that is a CloudEvent passes as it is; any other is wrapped with Knative's attributes.
 * Invalid, and only then, is a message that says it is an event and breaks the specification, or whose `message-id` can be
 * no attribute. Never throws.
 *
 * The identity is the event's own for a CloudEvent, and `message-id` for what is wrapped. A message with neither is
 * nothing that could be recognised when it comes again (AMQP has no position; `x-delivery-count` counts, but does not say
 * of what), so it gets `freshId`, and is a new event whenever it is delivered.
 */
export function rabbitmqEvent(message: RabbitmqMessage, shape: RabbitmqShape, freshId: string): RabbitmqMapped {
  const id = message.messageId || freshId;
  try {
    const decoded = decodeAmqp(withSource(message, shape));
    if (decoded.kind === "event") {
      const messageId = identity(shape, identityOf(decoded.event));
      return { kind: "event", event: overridden(decoded.event, shape.ceOverrides), messageId };
    }
    const event = overridden(wrapped(message, shape, id), shape.ceOverrides);
    return { kind: "event", event, messageId: identity(shape, id) };
  } catch (cause) {
    // Whatever it is, the same message would throw it again, and its queue would stand still.
    const tooLarge = cause instanceof EventFault && cause.code === "EVENT_TOO_LARGE";
    const reason = tooLarge ? "event-too-large" : "event-invalid";
    return { kind: "invalid", reason, message: messageOf(cause), messageId: identity(shape, id) };
  }
}

/** Queue and message id may hold anything; the message id of the sink is one printable word. */
function identity({ uid, queueName }: RabbitmqShape, id: string): string {
  return `${uid}/${word(queueName)}/${word(id)}`;
}

function word(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text;
  // Through bytes, because half of a surrogate pair cannot be percent-encoded.
  return encodeURIComponent(Buffer.from(text).toString());
}

/** An event in binary mode without a source gets the queue's: Knative's broker and source rely on it. */
function withSource(message: RabbitmqMessage, shape: RabbitmqShape): AmqpMessage {
  const { headers } = message;
  let claims: "ce-" | "" | undefined;
  for (const header in headers) {
    const name = header.toLowerCase();
    if (name === "ce-specversion") claims = "ce-";
    else if (name === "specversion") claims ??= "";
  }
  if (claims === undefined) return message;
  const wanted = `${claims}source`;
  for (const header in headers) if (header.toLowerCase() === wanted) return message;
  const { contentType, body } = message;
  return { contentType, headers: { ...headers, [wanted]: rabbitmqSourceUri(shape) }, body };
}

function wrapped(message: RabbitmqMessage, shape: RabbitmqShape, id: string): CloudEvent {
  const { contentType = "" } = message;
  const time = timeOf(message.timestamp);
  return createEvent(
    {
      id,
      source: rabbitmqSourceUri(shape),
      type: eventType,
      subject: id,
      ...(time === undefined ? {} : { time }),
      // Senders write "json" or "text" here; that is no media type, and no reason to keep the message from anyone.
      ...(parseMediaType(contentType) ? { datacontenttype: contentType } : {}),
    },
    message.body,
  );
}

/** Seconds, as AMQP says. Some senders write milliseconds: a year after 9999 is not meant, so it is read as such. */
function timeOf(timestamp: number | undefined): string | undefined {
  if (timestamp === undefined || !Number.isFinite(timestamp) || timestamp <= 0) return undefined;
  const ms = timestamp * 1000 < tooLateMs ? timestamp * 1000 : timestamp;
  return ms < tooLateMs ? new Date(ms).toISOString().replace(".000Z", "Z") : undefined;
}

function overridden(event: CloudEvent, overrides: RabbitmqShape["ceOverrides"]): CloudEvent {
  if (overrides === undefined) return event;
  const changes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(overrides.extensions)) {
    if (isAttributeName(name) && !ownAttributes.has(name)) changes[name] = value;
  }
  return withAttributes(event, changes);
}
