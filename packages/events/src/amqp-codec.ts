import { isUtf8 } from "node:buffer";
import { attributeText, checkAttributeName, isAttributeName } from "./attributes.ts";
import { EventFault, quoted } from "./errors.ts";
import type { CloudEvent } from "./event.ts";
import { EventBuilder } from "./event-builder.ts";
import type { ContentMode } from "./http-codec.ts";
import { decodeJson, encodeJson } from "./json-codec.ts";
import { isCloudEventsMediaType, isUtf8Text, parseMediaType } from "./media-type.ts";

/** What of an AMQP 0-9-1 message can make it an event; headers as a client gives them, by name. */
export interface AmqpMessage {
  readonly contentType?: string | undefined;
  /**
   * Strings, numbers, booleans, bytes, and timestamps as `{ "!": "timestamp", value: seconds }`; anything else (tables,
   * arrays) is no attribute. Null and undefined are absent.
   */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  readonly body: Uint8Array;
}

/** What a message carries: an event, or something else that does not claim to be one. */
export type DecodedAmqp =
  | { readonly kind: "event"; readonly mode: ContentMode; readonly event: CloudEvent }
  | { readonly kind: "none" };

/** An event as an AMQP 0-9-1 message. Header names are lower-case, values strings. */
export interface EncodedAmqp {
  readonly mode: ContentMode;
  readonly contentType: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** Where attributes are looked for, by the prefix of their names in lower case, in this order. */
const prefixes = ["ce-", "cloudevents:", "cloudevents_", ""] as const;
type Prefix = (typeof prefixes)[number];
/**
 * The one prefix that is written. Knative's RabbitMQ source and broker read `ce-` (the AMQP 0-9-1 draft of
 * eventing-rabbitmq) and bare names; bare names cannot be told from anyone's own headers. `cloudEvents:` is for AMQP 1.0,
 * and Knative would take such headers for extensions with names that no extension has. Two sets of headers are
 * therefore not an option either; who reads the queue through AMQP 1.0 asks for structured mode.
 */
const written = "ce-";
const structuredType = "application/cloudevents+json";
const shortStringBytesMax = 255;
const noBody = new Uint8Array(0);

/**
 * Reads an AMQP 0-9-1 message. Structured mode when the content type begins with `application/cloudevents`; binary mode
 * when there is a header `ce-specversion`, `cloudEvents:specversion` or `cloudEvents_specversion` (in any case; the latter
 * two are AMQP 1.0's, which RabbitMQ converts), or `specversion` with a version of CloudEvents, as Knative's
 * broker writes it; anything else is not an event. Only headers of the same prefix are attributes. Without a prefix,
 * headers that cannot be attributes, and RabbitMQ's own (`x-*`), are ignored.
 * Integers and booleans keep their type in extensions; bytes become base64 there and are text elsewhere. An empty body
 * means no data. The content type property counts before the header `content-type`, and both before `datacontenttype`.
 *
 * Throws EventFault when the message claims to be an event and is none: another specversion, attributes that are missing
 * or invalid, a format other than JSON, or a batch.
 */
export function decodeAmqp(message: AmqpMessage): DecodedAmqp {
  const headers = lowerCased(message.headers ?? {});
  const contentType = contentTypeOf(message, headers);
  if (contentType !== undefined && isCloudEventsMediaType(contentType)) {
    return { kind: "event", mode: "structured", event: decodeStructured(contentType, message.body) };
  }
  const prefix = prefixOf(headers);
  if (prefix === undefined) return { kind: "none" };
  return { kind: "event", mode: "binary", event: decodeBinary(headers, prefix, contentType, message.body) };
}

function lowerCased(headers: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== null && value !== undefined) found.set(name.toLowerCase(), value);
  }
  return found;
}

/** An empty content type is none: Knative's broker writes one for events without. */
function contentTypeOf(message: AmqpMessage, headers: ReadonlyMap<string, unknown>): string | undefined {
  if (message.contentType !== undefined && message.contentType !== "") return message.contentType;
  const header = headers.get("content-type");
  return typeof header === "string" && header !== "" ? header : undefined;
}

function prefixOf(headers: ReadonlyMap<string, unknown>): Prefix | undefined {
  const bare = headers.get("specversion");
  return prefixes.find((prefix) =>
    prefix === "" ? bare === "1.0" || bare === "0.3" : headers.has(`${prefix}specversion`),
  );
}

function decodeStructured(contentType: string, body: Uint8Array): CloudEvent {
  const type = parseMediaType(contentType);
  if (type?.essence === "application/cloudevents-batch+json") {
    throw new EventFault("EVENT_MEDIA_TYPE_UNSUPPORTED", "a batch of events in one AMQP message is not supported", {
      hint: "the AMQP binding has no batches: send every event as a message of its own",
    });
  }
  if (type?.essence === structuredType && isUtf8Text(type)) return decodeJson(body);
  throw new EventFault("EVENT_MEDIA_TYPE_UNSUPPORTED", `content type ${quoted(contentType)} is not supported in AMQP`, {
    hint: `send ${structuredType} in UTF-8, or the attributes as ce-* headers`,
  });
}

function decodeBinary(
  headers: ReadonlyMap<string, unknown>,
  prefix: Prefix,
  contentType: string | undefined,
  body: Uint8Array,
): CloudEvent {
  const builder = new EventBuilder();
  if (contentType !== undefined) builder.addNamed("datacontenttype", contentType);
  for (const [header, raw] of headers) {
    if (!header.startsWith(prefix)) continue;
    const name = header.slice(prefix.length);
    const value = attributeValue(name, raw);
    if (prefix === "" && (header.startsWith("x-") || !isAttributeName(name) || value === undefined)) continue;
    checkAttributeName(name);
    if (value === undefined) {
      throw new EventFault("EVENT_HEADER_INVALID", `header ${quoted(header)} must be a string, a number or a boolean`);
    }
    if (name === "datacontenttype" && (contentType !== undefined || value === "")) continue;
    builder.addNamed(name, value);
  }
  return builder.build(body.length === 0 ? undefined : body);
}

const texts = new Set([
  ...["specversion", "id", "source", "type"],
  ...["subject", "time", "datacontenttype", "dataschema"],
]);

/** A header's value as an attribute's; undefined when it can be none. */
function attributeValue(name: string, raw: unknown): string | number | boolean | undefined {
  if (typeof raw === "string") return raw;
  if (typeof raw === "number" || typeof raw === "boolean") return texts.has(name) ? String(raw) : raw;
  if (raw instanceof Uint8Array) {
    const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
    if (!texts.has(name)) return bytes.toString("base64");
    return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
  }
  return timestampText(raw);
}

/** AMQP's timestamp, seconds since the epoch, as the text of a Timestamp. */
function timestampText(raw: unknown): string | undefined {
  if (typeof raw !== "object" || raw === null || !("!" in raw) || raw["!"] !== "timestamp") return undefined;
  const seconds = "value" in raw ? Number(raw.value) : Number.NaN;
  if (!(seconds >= 0 && seconds < 253_402_300_800)) return undefined;
  return new Date(seconds * 1000).toISOString();
}

/**
 * Writes an event as an AMQP 0-9-1 message. In binary mode every attribute is a `ce-*` header, integers and booleans as
 * their canonical strings, and `datacontenttype` is the content type. Written structured even when binary is asked for
 * are events whose own data are a CloudEvents document (the reader would take the inner event) and those with an attribute
 * name or a content type that is longer than AMQP's short strings.
 */
export function encodeAmqp(event: CloudEvent, mode: ContentMode): EncodedAmqp {
  if (mode === "structured" || !fitsBinary(event)) {
    return {
      mode: "structured",
      contentType: `${structuredType}; charset=UTF-8`,
      headers: {},
      body: encodeJson(event),
    };
  }
  const headers: Record<string, string> = {};
  for (const name in event.attributes) {
    const value = event.attributes[name];
    if (value !== undefined && name !== "datacontenttype") headers[`${written}${name}`] = attributeText(value);
  }
  return { mode: "binary", contentType: event.attributes.datacontenttype, headers, body: event.data ?? noBody };
}

function fitsBinary(event: CloudEvent): boolean {
  const { datacontenttype = "" } = event.attributes;
  if (isCloudEventsMediaType(datacontenttype) || datacontenttype.length > shortStringBytesMax) return false;
  for (const name in event.attributes) if (written.length + name.length > shortStringBytesMax) return false;
  return true;
}
