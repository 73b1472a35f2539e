import { messageOf } from "@rouse/base";
import {
  type AttributesInput,
  type AttributeValue,
  type CloudEvent,
  createEvent,
  decodeKafka,
  EventFault,
  isAttributeName,
  withAttributes,
} from "@rouse/events";
import { type Attributes, addHeaderAttributes } from "./header-attributes.ts";
import { keyAttribute } from "./key.ts";
import type { KafkaKeyType, KafkaRecord } from "./record.ts";

export type { KafkaRecord } from "./record.ts";

/** What of a KafkaSource shapes its events. */
export interface KafkaShape {
  readonly namespace: string;
  readonly name: string;
  readonly keyType: KafkaKeyType;
  /** Extensions set on every event, last; names of the specification's own attributes are left alone. */
  readonly ceOverrides: { readonly extensions: Readonly<Record<string, string>> } | undefined;
}

/**
 * What a record became. `invalid` is for a dead record; `reason` is the stable word of it: `event-invalid` or
 * `event-too-large` (attributes; the size of the data is the sink's to judge).
 */
export type Mapped =
  | { readonly kind: "event"; readonly event: CloudEvent }
  | { readonly kind: "invalid"; readonly reason: "event-invalid" | "event-too-large"; readonly message: string };

const eventType = "dev.knative.kafka.event";
const ownAttributes: ReadonlySet<string> = new Set([
  ...["specversion", "id", "source", "type"],
  ...["subject", "time", "datacontenttype", "dataschema"],
]);

/** The `source` of the events that a KafkaSource makes of records of a topic, as Knative writes it. */
export function kafkaSourceUri(namespace: string, name: string, topic: string): string {
  return `/apis/v1/namespaces/${namespace}/kafkasources/${name}#${topic}`;
}

/**
 * The event of a record. A record that is a CloudEvent (Kafka binding) passes as it is; any other is wrapped with
 * Knative's attributes. Invalid, and only then, is a record
 * - that says it is an event (header `ce_specversion`, or a content type of CloudEvents) and breaks the specification
 *   (Knative wraps such a record, so that the subscriber gets another event than the one that was sent), or
 * - whose attributes are larger in sum than an event's may be, long headers and keys included.
 * The same record always gives the same event. Never throws.
 */
export function kafkaEvent(record: KafkaRecord, source: KafkaShape): Mapped {
  try {
    const decoded = decodeKafka(record.headers, record.value);
    const event = decoded.kind === "event" ? decoded.event : wrappedEvent(record, source);
    return { kind: "event", event: overridden(event, source.ceOverrides) };
  } catch (cause) {
    // Whatever it is, the same record would throw it again, and its partition would stand still.
    const tooLarge = cause instanceof EventFault && cause.code === "EVENT_TOO_LARGE";
    return { kind: "invalid", reason: tooLarge ? "event-too-large" : "event-invalid", message: messageOf(cause) };
  }
}

function wrappedEvent(record: KafkaRecord, source: KafkaShape): CloudEvent {
  const { topic, partition, offset } = record;
  // Filled, not spread: with a dozen attributes that is several times cheaper.
  const attributes: Attributes & AttributesInput = {
    specversion: "1.0",
    id: `partition:${partition}/offset:${offset}`,
    source: kafkaSourceUri(source.namespace, source.name, topic),
    type: eventType,
    subject: `partition:${partition}#${offset}`,
  };
  const time = timeOf(record.timestamp);
  if (time !== undefined) attributes.time = time;
  const key = keyAttribute(record.key, source.keyType);
  if (key !== undefined) {
    attributes.partitionkey = key;
    attributes.key = key;
  }
  addHeaderAttributes(attributes, record.headers);
  return createEvent(attributes, record.value ?? undefined);
}

/** RFC 3339, or undefined when there is no timestamp or none that has four digits of a year. */
function timeOf(timestamp: string): string | undefined {
  const at = Number(timestamp);
  const afterTheLast = 253_402_300_800_000;
  return at >= 0 && at < afterTheLast ? new Date(at).toISOString() : undefined;
}

function overridden(event: CloudEvent, overrides: KafkaShape["ceOverrides"]): CloudEvent {
  if (overrides === undefined) return event;
  const changes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(overrides.extensions)) {
    if (isAttributeName(name) && !ownAttributes.has(name)) changes[name] = value;
  }
  return withAttributes(event, changes);
}
