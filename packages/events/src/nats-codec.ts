import { attributeText } from "./attributes.ts";
import { attributeOfHeader } from "./ce-header.ts";
import { EventFault, quoted } from "./errors.ts";
import type { CloudEvent } from "./event.ts";
import { EventBuilder } from "./event-builder.ts";
import { decodeHeaderValue, encodeHeaderValue } from "./header-value.ts";
import { decodeJson } from "./json-codec.ts";
import { isCloudEventsMediaType, isUtf8Text, parseMediaType } from "./media-type.ts";

/** An event as a NATS message. Header names are lower-case, values printable ASCII. */
export interface EncodedNats {
  readonly headers: Record<string, string>;
  readonly data: Uint8Array;
}

/** Headers as a record; names in any case, one value each. */
export type NatsHeaders = Readonly<Record<string, string | undefined>>;

const nothing = new Uint8Array(0);
/** Not part of the binding, and only there when needed: tells data of no bytes from no data. */
const emptyDataHeader = "rouse-data";

/**
 * Writes an event in binary mode (CloudEvents NATS binding 1.0, section 3.1): every attribute is a `ce-*` header, the
 * content type too (`ce-datacontenttype`; a `content-type` header would only decide the mode), data are untouched.
 * Integers and booleans become their canonical strings and stay strings when read. Data of no bytes are marked by
 * `rouse-data: empty`, so that they come back as such.
 */
export function encodeNats(event: CloudEvent): EncodedNats {
  const headers: Record<string, string> = {};
  for (const name in event.attributes) {
    const value = event.attributes[name];
    if (value !== undefined) headers[`ce-${name}`] = encodeHeaderValue(attributeText(value));
  }
  if (event.data?.length === 0) headers[emptyDataHeader] = "empty";
  return { headers, data: event.data ?? nothing };
}

/**
 * Reads a NATS message in binary mode, or in structured mode when `content-type` says `application/cloudevents+json`.
 * Header names may be in any case. Where `ce-datacontenttype` is missing, another `content-type` stands for it, as some
 * senders write it. Headers that are not the event's are ignored. Throws EventFault.
 */
export function decodeNats(headers: NatsHeaders, data: Uint8Array): CloudEvent {
  const contentType = headerOf(headers, "content-type");
  if (contentType !== undefined && isCloudEventsMediaType(contentType)) return decodeStructured(contentType, data);
  const builder = new EventBuilder();
  for (const header in headers) {
    const value = headers[header];
    const name = value === undefined ? undefined : attributeOfHeader(header);
    if (name !== undefined) builder.addNamed(name, decodeHeaderValue(header, value!));
  }
  if (contentType !== undefined && builder.get("datacontenttype") === undefined) {
    builder.addNamed("datacontenttype", contentType);
  }
  const absent = data.length === 0 && headerOf(headers, emptyDataHeader) !== "empty";
  return builder.build(absent ? undefined : data);
}

/** The value of a header whose lower-case name is given. */
function headerOf(headers: NatsHeaders, name: string): string | undefined {
  const found = headers[name];
  if (found !== undefined) return found;
  for (const header in headers) {
    if (header.length === name.length && header.toLowerCase() === name) return headers[header];
  }
  return undefined;
}

function decodeStructured(contentType: string, data: Uint8Array): CloudEvent {
  const type = parseMediaType(contentType);
  if (type?.essence === "application/cloudevents+json" && isUtf8Text(type)) return decodeJson(data);
  throw new EventFault("EVENT_MEDIA_TYPE_UNSUPPORTED", `content type ${quoted(contentType)} is not supported in NATS`, {
    hint: "send application/cloudevents+json in UTF-8, or the attributes as ce-* headers",
  });
}
