import { messageOf } from "@rouse/base";
import {
  type AttributeValue,
  type CloudEvent,
  createEvent,
  decodeNats,
  isCloudEventsMediaType,
  parseMediaType,
  withAttributes,
} from "@rouse/events";
import type { NatsSourceDefinition } from "./definition.ts";

/** A NATS message as it came. */
export interface NatsRecord {
  readonly subject: string;
  /** In order; a name may come again. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly data: Uint8Array;
  /** When it was stored or, in core NATS, when it came; milliseconds since the epoch. */
  readonly time: number;
  /** Where it is stored; undefined in core NATS. */
  readonly stored: StoredAt | undefined;
  /** For a message of core NATS without an id of its own. */
  readonly uuid: string;
}

/** A place in a stream. */
export interface StoredAt {
  readonly stream: string;
  /** When the stream was made, milliseconds since the epoch: tells a stream from a later one of the same name. */
  readonly streamCreated: number;
  readonly sequence: number;
}

/** What becomes of a message. */
export type NatsMapped =
  | { readonly kind: "event"; readonly event: CloudEvent }
  | { readonly kind: "invalid"; readonly reason: string; readonly message: string };

/** What of a NatsSource shapes its events. */
export type NatsShape = Pick<NatsSourceDefinition, "namespace" | "name" | "subject" | "stream" | "ceOverrides">;

/** The type of a message that is no CloudEvent itself. */
export const natsEventType = "dev.rouse.nats.message";

const contextAttributes: ReadonlySet<string> = new Set([
  ...["specversion", "id", "source", "type"],
  ...["subject", "time", "datacontenttype", "dataschema"],
]);

/** The `source` of wrapped messages: ends with what is listened to, the stream's name or the subject as it was declared. */
export function natsSourceUri(shape: Pick<NatsShape, "namespace" | "name" | "subject" | "stream">): string {
  const place = shape.stream?.name ?? shape.subject ?? "";
  return `/apis/v1/namespaces/${shape.namespace}/natssources/${shape.name}#${fragment(place)}`;
}

/**
 * The event of a message. A CloudEvent in the NATS binding passes as it is; anything else is wrapped. Extensions of
 * ceOverrides are set on both.
 */
export function natsEvent(record: NatsRecord, shape: NatsShape): NatsMapped {
  try {
    const event = isEvent(record) ? decodeNats(headersOf(record), record.data) : wrapped(record, shape);
    return { kind: "event", event: withAttributes(event, overrides(shape)) };
  } catch (thrown) {
    return { kind: "invalid", reason: "event-invalid", message: messageOf(thrown) };
  }
}

/** What makes repeats of a message one event: its place in the stream, or its own id in core NATS. */
export function natsMessageId(uid: string, record: Pick<NatsRecord, "stored" | "headers" | "uuid">): string {
  const { stored } = record;
  if (stored) return `${uid}/${stored.stream}/${stored.streamCreated}/${stored.sequence}`;
  return `${uid}/${coreId(record)}`;
}

/** Where a message came from, for a dead record. */
export function natsOrigin({ stored, subject }: NatsRecord): Record<string, string | number> {
  return stored ? { stream: stored.stream, sequence: stored.sequence, subject } : { subject };
}

/** Extensions only: an id or a source that is the same for every message would make all of them one event. */
function overrides({ ceOverrides }: NatsShape): Record<string, string> {
  const given = Object.entries(ceOverrides?.extensions ?? {});
  return Object.fromEntries(given.filter(([name]) => !contextAttributes.has(name)));
}

function wrapped(record: NatsRecord, shape: NatsShape): CloudEvent {
  const { stored, data } = record;
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, values] of grouped(record)) {
    const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
    const contentType = values[0] ?? "";
    if (name.toLowerCase() === "content-type" && parseMediaType(contentType)) attributes.datacontenttype = contentType;
    else if (plain !== "") attributes[`natsheader${plain}`] ??= legal(values.join(","));
  }
  return createEvent(
    {
      ...attributes,
      id: stored ? `${stored.stream}/${stored.sequence}` : coreId(record),
      source: natsSourceUri(shape),
      type: natsEventType,
      subject: legal(record.subject),
      time: new Date(record.time).toISOString(),
    },
    data.length === 0 ? undefined : data,
  );
}

function coreId({ headers, uuid }: Pick<NatsRecord, "headers" | "uuid">): string {
  const own = headers.find(([name]) => name.toLowerCase() === "nats-msg-id")?.[1];
  return own === undefined || own === "" ? uuid : legal(own);
}

/** As the binding says: by the content type (structured mode), or else by the header that every event has (binary mode). */
function isEvent({ headers }: NatsRecord): boolean {
  return headers.some(([name, value]) => {
    const lower = name.toLowerCase();
    return lower === "ce-specversion" || (lower === "content-type" && isCloudEventsMediaType(value));
  });
}

/** An attribute must come once: of a header that comes again the values are told apart by a name that does not exist. */
function headersOf(record: NatsRecord): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, values] of grouped(record)) {
    const isAttribute = name.toLowerCase().startsWith("ce-");
    if (isAttribute && values.length > 1) throw new TypeError(`header "${name}" is given ${values.length} times`);
    headers[name] = values[0] ?? "";
  }
  return headers;
}

function grouped({ headers }: NatsRecord): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const group = groups.get(name);
    if (group) group.push(value);
    else groups.set(name, [value]);
  }
  return groups;
}

/** Characters that no attribute may hold become U+FFFD: the rest of the message is worth more than they are. */
function legal(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, "\ufffd");
}

/** A fragment holds neither blanks nor `>` (RFC 3986, section 3.5). */
function fragment(text: string): string {
  return encodeURI(text).replaceAll("#", "%23");
}
