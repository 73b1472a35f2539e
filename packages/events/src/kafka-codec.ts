import { isUtf8 } from "node:buffer";
import { attributeText, checkAttributeName } from "./attributes.ts";
import { EventFault, quoted } from "./errors.ts";
import type { CloudEvent } from "./event.ts";
import { EventBuilder } from "./event-builder.ts";
import type { ContentMode } from "./http-codec.ts";
import { decodeJson, encodeJson } from "./json-codec.ts";
import { isCloudEventsMediaType, isUtf8Text, parseMediaType } from "./media-type.ts";

/** One header of a record: its name as it came, and its bytes; null, which Kafka tells from no bytes, is no attribute. */
export type KafkaHeader = readonly [name: string, value: Uint8Array | null];

/** What a record carries: an event, or something else that does not claim to be one. */
export type DecodedKafka =
  | { readonly kind: "event"; readonly mode: ContentMode; readonly event: CloudEvent }
  | { readonly kind: "none" };

/** An event as a record. Header names are lower-case; values are to be written in UTF-8. */
export interface EncodedKafka {
  readonly mode: ContentMode;
  readonly headers: Record<string, string>;
  /** Null means no data: in a compacted topic such a record deletes the ones before it that have its key. */
  readonly value: Uint8Array | null;
  /** From the attribute `partitionkey`, which stays an attribute; undefined without one. */
  readonly key: string | undefined;
}

const structuredType = "application/cloudevents+json";
const versionHeader = "ce_specversion";
// An event must not have these empty, but some senders write them so when the event does not have them at all.
const absentWhenEmpty = new Set(["subject", "time", "dataschema", "datacontenttype"]);

/**
 * Reads a record (CloudEvents Kafka binding 1.0, section 3). Structured mode when `content-type` begins with
 * `application/cloudevents`, binary mode when there is a header `ce_specversion`; anything else is not an event. In
 * binary mode no value means no data, and a value of no bytes is data of no bytes; both share the record's memory.
 *
 * What the binding leaves open: header names count in any case, and of two headers of one name the last wins, which is
 * how Kafka's own clients look headers up and what the Java and Go libraries do. `ce_datacontenttype` stands for a missing
 * `content-type`. Optional attributes of the specification that are empty count as absent. Headers that are not the event's are ignored. The record key never becomes an attribute (section 3.1).
 *
 * Throws EventFault when the record claims to be an event and is none: a specversion that is not 1.0, attributes that
 * are missing, invalid or not UTF-8, a format other than JSON, or a batch, which the binding does not have.
 */
export function decodeKafka(headers: readonly KafkaHeader[], value: Uint8Array | null): DecodedKafka {
  const contentType = lastOf(headers, "content-type");
  if (contentType !== undefined) {
    const text = contentType.toString("latin1");
    if (isCloudEventsMediaType(text))
      return { kind: "event", mode: "structured", event: decodeStructured(text, value) };
  }
  if (lastOf(headers, versionHeader) === undefined) return { kind: "none" };
  return { kind: "event", mode: "binary", event: decodeBinary(headers, contentType, value) };
}

/** The bytes of the last header whose lower-case name is given. */
function lastOf(headers: readonly KafkaHeader[], name: string): Buffer | undefined {
  for (let at = headers.length - 1; at >= 0; at--) {
    const [found, bytes] = headers[at]!;
    if (found.length !== name.length || found.toLowerCase() !== name) continue;
    return bytes === null ? undefined : bufferOf(bytes);
  }
  return undefined;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodeStructured(contentType: string, value: Uint8Array | null): CloudEvent {
  const type = parseMediaType(contentType);
  if (type?.essence === "application/cloudevents-batch+json") {
    throw new EventFault("EVENT_MEDIA_TYPE_UNSUPPORTED", "a batch of events in one Kafka record is not supported", {
      hint: "the Kafka binding has no batches: send every event as a record of its own",
    });
  }
  if (type?.essence !== structuredType || !isUtf8Text(type)) {
    throw new EventFault(
      "EVENT_MEDIA_TYPE_UNSUPPORTED",
      `content type ${quoted(contentType)} is not supported in Kafka`,
      {
        hint: `send ${structuredType} in UTF-8, or the attributes as ce_* headers`,
      },
    );
  }
  if (value === null) {
    throw new EventFault("EVENT_JSON_INVALID", "expected an event in the record's value, but the record has no value");
  }
  return decodeJson(value);
}

function decodeBinary(headers: readonly KafkaHeader[], type: Buffer | undefined, value: Uint8Array | null): CloudEvent {
  const last = new Map<string, KafkaHeader>();
  for (const header of headers) {
    const name = attributeOf(header[0]);
    if (name !== undefined) last.set(name, header);
  }
  const builder = new EventBuilder();
  if (type !== undefined && type.length > 0) {
    last.delete("datacontenttype");
    builder.addNamed("datacontenttype", textOf("content-type", type));
  }
  for (const [name, [header, bytes]] of last) {
    if (bytes === null || (bytes.length === 0 && absentWhenEmpty.has(name))) continue;
    builder.addNamed(name, textOf(header, bufferOf(bytes)));
  }
  return builder.build(value ?? undefined);
}

/** The attribute that a header stands for; undefined when its name does not begin with `ce_`. Throws for a bad name. */
function attributeOf(header: string): string | undefined {
  if ((header.charCodeAt(0) | 0x20) !== 0x63 || (header.charCodeAt(1) | 0x20) !== 0x65) return undefined;
  if (header.charCodeAt(2) !== 0x5f) return undefined;
  const name = header.slice(3).toLowerCase();
  checkAttributeName(name);
  return name;
}

function textOf(header: string, bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new EventFault("EVENT_HEADER_INVALID", `header ${quoted(header)} must be UTF-8`, {
    hint: "the Kafka binding writes attributes as UTF-8 text, without any encoding on top",
  });
}

/**
 * Writes an event as a record (section 3). In binary mode every attribute is a `ce_*` header in plain UTF-8, integers and
 * booleans as their canonical strings, and `datacontenttype` is the header `content-type`. An event whose own data are a
 * CloudEvents document is written structured even when binary is asked for: its content type would make the reader read
 * the inner event instead. An empty `partitionkey` gives no key.
 */
export function encodeKafka(event: CloudEvent, mode: ContentMode): EncodedKafka {
  const { datacontenttype, partitionkey } = event.attributes;
  const key = partitionkey === undefined || partitionkey === "" ? undefined : attributeText(partitionkey);
  if (mode === "structured" || (datacontenttype !== undefined && isCloudEventsMediaType(datacontenttype))) {
    const headers = { "content-type": `${structuredType}; charset=UTF-8` };
    return { mode: "structured", headers, value: encodeJson(event), key };
  }
  const headers: Record<string, string> = {};
  for (const name in event.attributes) {
    const value = event.attributes[name];
    if (value !== undefined && name !== "datacontenttype") headers[`ce_${name}`] = attributeText(value);
  }
  if (datacontenttype !== undefined) headers["content-type"] = datacontenttype;
  return { mode: "binary", headers, value: event.data ?? null, key };
}
