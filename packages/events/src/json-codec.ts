import { isUtf8 } from "node:buffer";
import { checkAttributeName } from "./attributes.ts";
import { EventFault, quoted } from "./errors.ts";
import type { CloudEvent } from "./event.ts";
import { EventBuilder } from "./event-builder.ts";
import { repeatedName, scanObject, skipSpace } from "./json-span.ts";
import { isUtf8Text, type MediaType, parseMediaType } from "./media-type.ts";

const impliedType = "application/json";

/**
 * Reads one event in JSON format (CloudEvents JSON format 1.0, section 3). Data are not re-written: JSON data are the
 * bytes of the member `data` as they stand in the body (and share its memory), so big integers, number formats and the
 * order of names survive. What the specification leaves open:
 * - `data` without `datacontenttype` sets `datacontenttype` to `application/json`, which it implies; without `data` it
 *   stays unset.
 * - `data: null` is the JSON value null (four bytes), not absence; `data_base64: null` is absence.
 * - with another content type `data` must be a string, whose UTF-8 bytes are the data; anything else is refused, and so
 *   is a charset other than UTF-8 and ASCII.
 * Throws EventFault.
 */
export function decodeJson(body: Uint8Array): CloudEvent {
  const parsed = parseJson(body);
  if (!isObject(parsed)) throw new EventFault("EVENT_JSON_INVALID", `expected a JSON object, not ${nameOf(parsed)}`);
  return eventOf(body, skipSpace(body, 0), parsed).event;
}

/**
 * Reads a batch in JSON format (section 4), all events or none; an empty array is a batch of none. A fault in an event
 * keeps its code and says which one it was: `event 3 of 10: …`, counted from 1. Throws EventFault.
 */
export function decodeJsonBatch(body: Uint8Array): CloudEvent[] {
  const parsed = parseJson(body);
  if (!Array.isArray(parsed)) {
    throw new EventFault("EVENT_BATCH_INVALID", `expected a JSON array of events, not ${nameOf(parsed)}`, {
      hint: "send a single event as application/cloudevents+json",
    });
  }
  const events: CloudEvent[] = [];
  let at = skipSpace(body, 0) + 1;
  for (const element of parsed) {
    const place = `event ${events.length + 1} of ${parsed.length}`;
    if (!isObject(element)) {
      throw new EventFault("EVENT_BATCH_INVALID", `${place}: expected a JSON object, not ${nameOf(element)}`);
    }
    try {
      const { event, end } = eventOf(body, skipSpace(body, at), element);
      events.push(event);
      at = skipSpace(body, end) + 1;
    } catch (fault) {
      throw fault instanceof EventFault ? fault.at(place) : fault;
    }
  }
  return events;
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object") return Array.isArray(value) ? "an array" : "an object";
  return `a ${typeof value}`;
}

function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new EventFault("EVENT_JSON_INVALID", "the body is not valid UTF-8");
  try {
    return JSON.parse(textOf(body));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EventFault("EVENT_JSON_INVALID", `the body is not valid JSON: ${reason}`, { cause });
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function eventOf(body: Uint8Array, start: number, members: JsonObject): { event: CloudEvent; end: number } {
  const span = scanObject(body, start);
  const builder = new EventBuilder();
  let count = 0;
  for (const name in members) {
    count++;
    if (name === "data" || name === "data_base64") continue;
    const value = members[name];
    // Null is the same as absent (section 2.2), but the name must still be one.
    if (value !== null) builder.add(name, value);
    else checkAttributeName(name);
  }
  if (count !== span.members) {
    const name = quoted(repeatedName(body, start));
    throw new EventFault("EVENT_DUPLICATE_ATTRIBUTE", `member ${name} is given more than once`);
  }
  if (span.fractional !== undefined) {
    const expected = "must be written as a whole number, without fraction or exponent";
    throw new EventFault("EVENT_ATTRIBUTE_INVALID", `attribute ${quoted(span.fractional)} ${expected}`);
  }
  const raw = span.dataStart < 0 ? undefined : body.subarray(span.dataStart, span.dataEnd);
  const data = dataOf(builder, members, raw);
  return { event: builder.build(data), end: span.end };
}

function dataOf(builder: EventBuilder, members: JsonObject, raw: Uint8Array | undefined): Uint8Array | undefined {
  const base64 = members.data_base64;
  if (base64 !== undefined && base64 !== null) {
    if (raw === undefined) return decodeBase64(base64);
    throw new EventFault("EVENT_DATA_INVALID", 'only one of "data" and "data_base64" is allowed, not both');
  }
  if (raw === undefined) return undefined;
  const declared = builder.get("datacontenttype");
  if (declared === undefined) {
    builder.add("datacontenttype", impliedType);
    return raw;
  }
  const type = parseMediaType(String(declared));
  return type === undefined || type.json ? raw : textData(type, String(declared), members.data);
}

function textData(type: MediaType, declared: string, value: unknown): Uint8Array {
  if (typeof value !== "string") {
    throw new EventFault(
      "EVENT_DATA_INVALID",
      `"data" must be a string for datacontenttype ${quoted(declared)}, not ${nameOf(value)}`,
      { hint: "declare a JSON media type, or send the bytes as data_base64" },
    );
  }
  if (!isUtf8Text(type)) {
    throw new EventFault("EVENT_DATA_INVALID", `"data" cannot be written in the charset of ${quoted(declared)}`, {
      hint: "use charset=utf-8, or send the bytes as data_base64",
    });
  }
  const bytes = Buffer.from(value, "utf8");
  // An unpaired surrogate has no UTF-8 form and would silently become U+FFFD.
  if (/\p{Surrogate}/u.test(value)) throw new EventFault("EVENT_DATA_INVALID", '"data" holds an unpaired surrogate');
  return bytes;
}

function decodeBase64(value: unknown): Uint8Array {
  if (typeof value === "string") {
    const bytes = Buffer.from(value, "base64");
    // Buffer skips what it does not understand; only what comes out the same again was base64 (RFC 4648, section 4).
    if (bytes.toString("base64") === value) return bytes;
  }
  throw new EventFault("EVENT_DATA_INVALID", '"data_base64" must be a string of padded base64');
}

/**
 * Writes an event in JSON format. The data become
 * - the member `data` as they are, when the content type is JSON and they are valid JSON (white space around the value is
 *   not part of it and does not come back);
 * - the member `data` as a string, when the content type is text (`text/*`, XML, YAML, forms) in UTF-8;
 * - `data_base64` otherwise, and when there is no content type: nothing may be assumed of such data (section 3.1.1).
 */
export function encodeJson(event: CloudEvent): Uint8Array {
  return Buffer.concat(partsOf(event));
}

/** Writes a batch in JSON format, each event as {@link encodeJson} does. */
export function encodeJsonBatch(events: readonly CloudEvent[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("[")];
  for (const [index, event] of events.entries()) {
    if (index > 0) parts.push(Buffer.from(","));
    parts.push(...partsOf(event));
  }
  parts.push(Buffer.from("]"));
  return Buffer.concat(parts);
}

function partsOf(event: CloudEvent): Uint8Array[] {
  const head = JSON.stringify(event.attributes).slice(0, -1);
  const { data } = event;
  if (data === undefined) return [Buffer.from(`${head}}`)];
  const type = parseMediaType(event.attributes.datacontenttype ?? "");
  if (type !== undefined && isUtf8(data)) {
    if (type.json && isJson(data)) return [Buffer.from(`${head},"data":`), data, Buffer.from("}")];
    if (type.text && isUtf8Text(type)) return [Buffer.from(`${head},"data":${JSON.stringify(textOf(data))}}`)];
  }
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
  return [Buffer.from(`${head},"data_base64":"${base64}"}`)];
}

function isJson(data: Uint8Array): boolean {
  try {
    JSON.parse(textOf(data));
    return true;
  } catch {
    return false;
  }
}
