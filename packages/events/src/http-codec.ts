import { attributeText } from "./attributes.ts";
import { attributeOfHeader } from "./ce-header.ts";
import { EventFault, quoted } from "./errors.ts";
import type { CloudEvent } from "./event.ts";
import { EventBuilder } from "./event-builder.ts";
import { decodeHeaderValue, encodeHeaderValue } from "./header-value.ts";
import { decodeJson, decodeJsonBatch, encodeJson, encodeJsonBatch } from "./json-codec.ts";
import { isCloudEventsMediaType, isUtf8Text, parseMediaType } from "./media-type.ts";

/** How an event travels: attributes in headers and data as the body, or both in one JSON document. */
export type ContentMode = "binary" | "structured";

/**
 * Headers as Node's `rawHeaders` (names and values in turn), or as a record with names in any case. Only raw headers
 * show a header that was sent twice when the record was joined by Node.
 */
export type HttpHeaders = readonly string[] | Readonly<Record<string, string | readonly string[] | undefined>>;

/** What an HTTP message carries. */
export type HttpMessage =
  | { readonly kind: "event"; readonly mode: ContentMode; readonly event: CloudEvent }
  | { readonly kind: "batch"; readonly mode: "structured"; readonly events: readonly CloudEvent[] };

/** An event ready to be sent. Header names are lower-case; values are printable ASCII. */
export interface EncodedHttp {
  readonly mode: ContentMode;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

const structuredType = "application/cloudevents+json";
const batchType = "application/cloudevents-batch+json";
const accepted = `send ${structuredType}, ${batchType}, or the attributes as ce-* headers`;
const noBody = new Uint8Array(0);

/**
 * Reads an HTTP request or response (CloudEvents HTTP binding 1.0, section 3). The data share the body's memory.
 * In binary mode an empty body means no data: HTTP does not tell the two apart. In structured mode `ce-*` headers are
 * ignored, since everything is in the document. Throws EventFault; EVENT_MEDIA_TYPE_UNSUPPORTED when the message is
 * no CloudEvent at all or in a format that is not JSON.
 */
export function decodeHttp(headers: HttpHeaders, body: Uint8Array): HttpMessage {
  const pairs = isRaw(headers) ? headers : pairsOf(headers);
  const contentType = contentTypeOf(pairs);
  if (contentType === undefined || !isCloudEventsMediaType(contentType)) {
    return { kind: "event", mode: "binary", event: decodeBinary(pairs, contentType, body) };
  }
  const type = parseMediaType(contentType);
  if (type?.essence !== structuredType && type?.essence !== batchType) {
    throw new EventFault("EVENT_MEDIA_TYPE_UNSUPPORTED", `content type ${quoted(contentType)} is not supported`, {
      hint: accepted,
    });
  }
  if (!isUtf8Text(type)) {
    throw new EventFault("EVENT_MEDIA_TYPE_UNSUPPORTED", `charset ${quoted(type.charset)} is not supported`, {
      hint: "JSON is sent as UTF-8",
    });
  }
  return type.essence === batchType
    ? { kind: "batch", mode: "structured", events: decodeJsonBatch(body) }
    : { kind: "event", mode: "structured", event: decodeJson(body) };
}

function isRaw(headers: HttpHeaders): headers is readonly string[] {
  return Array.isArray(headers);
}

function pairsOf(record: Exclude<HttpHeaders, readonly string[]>): string[] {
  const pairs: string[] = [];
  for (const name of Object.keys(record)) {
    const value = record[name];
    if (typeof value === "string") pairs.push(name, value);
    else if (value !== undefined) for (const one of value) pairs.push(name, one);
  }
  return pairs;
}

function contentTypeOf(pairs: readonly string[]): string | undefined {
  let found: string | undefined;
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at]!;
    if (name.length !== 12 || name.toLowerCase() !== "content-type") continue;
    if (found !== undefined)
      throw new EventFault("EVENT_HEADER_INVALID", 'header "content-type" is given more than once');
    found = pairs[at + 1];
  }
  return found;
}

function decodeBinary(pairs: readonly string[], contentType: string | undefined, body: Uint8Array): CloudEvent {
  const builder = new EventBuilder();
  let found = false;
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const header = pairs[at]!;
    const name = attributeOfHeader(header);
    if (name === undefined) continue;
    found = true;
    if (name === "datacontenttype") {
      throw new EventFault("EVENT_HEADER_INVALID", 'header "ce-datacontenttype" is not allowed in HTTP', {
        hint: "send it as Content-Type",
      });
    }
    builder.addNamed(name, decodeHeaderValue(header, pairs[at + 1]!));
  }
  if (!found) throw notAnEvent(contentType);
  if (contentType !== undefined) builder.addNamed("datacontenttype", contentType);
  return builder.build(body.length === 0 ? undefined : body);
}

function notAnEvent(contentType: string | undefined): EventFault {
  const came = contentType === undefined ? "no content type" : `content type ${quoted(contentType)}`;
  const message = `expected a CloudEvent, but there are no ce-* headers and ${came}`;
  return new EventFault("EVENT_MEDIA_TYPE_UNSUPPORTED", message, { hint: accepted });
}

/**
 * Writes an event as an HTTP message. Integers and booleans become their canonical strings in binary mode. An event
 * whose own data are a CloudEvents document is written structured even when binary is asked for: its content type would
 * make the receiver read the inner event instead.
 */
export function encodeHttp(event: CloudEvent, mode: ContentMode): EncodedHttp {
  const { datacontenttype } = event.attributes;
  const ambiguous = datacontenttype !== undefined && isCloudEventsMediaType(datacontenttype);
  if (mode === "structured" || ambiguous) {
    const headers = { "content-type": `${structuredType}; charset=utf-8` };
    return { mode: "structured", headers, body: encodeJson(event) };
  }
  const headers: Record<string, string> = {};
  for (const name in event.attributes) {
    const value = event.attributes[name];
    if (value === undefined || name === "datacontenttype") continue;
    headers[`ce-${name}`] = encodeHeaderValue(attributeText(value));
  }
  // Written as it is, which is safe: a media type holds printable ASCII only.
  if (datacontenttype !== undefined) headers["content-type"] = datacontenttype;
  return { mode: "binary", headers, body: event.data ?? noBody };
}

/** Writes events as one HTTP message in batched mode; only for receivers that asked for batches. */
export function encodeHttpBatch(events: readonly CloudEvent[]): Omit<EncodedHttp, "mode"> {
  return { headers: { "content-type": `${batchType}; charset=utf-8` }, body: encodeJsonBatch(events) };
}
