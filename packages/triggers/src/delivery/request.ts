import { encodeHttp, withAttributes } from "@rouse/events";
import { deadLetterEvent } from "./dead-letter.ts";
import type { Delivery } from "./delivery.ts";

/** Where a lease says to post to, taken apart. */
export interface Destination {
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  /** For people and dead letters: without credentials. */
  readonly shown: string;
  /** From credentials in the URL. */
  readonly authorization: string | undefined;
}

/** Takes a URL apart; undefined when it is none that can be posted to. */
export function destinationOf(text: string): Destination | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const { origin, pathname, search, username, password } = url;
  const path = pathname + search;
  if (username === "" && password === "") return { origin, path, shown: text, authorization: undefined };
  const credentials = Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString("base64");
  return { origin, path, shown: origin + path, authorization: `Basic ${credentials}` };
}

/** How many URLs are remembered once they were taken apart. */
const rememberedMax = 1024;

/** {@link destinationOf} that remembers: a URL is posted to far more often than it changes. */
export class Destinations {
  private readonly known = new Map<string, Destination | undefined>();

  of(text: string): Destination | undefined {
    if (this.known.has(text)) return this.known.get(text);
    if (this.known.size >= rememberedMax) this.known.clear();
    const destination = destinationOf(text);
    this.known.set(text, destination);
    return destination;
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const traceparent = /^[0-9a-f]{2}-[0-9a-f-]{1,128}$/;
const tracestate = /^[!-~ ]{1,512}$/;

/** What is posted: names of headers in lower case and their values, in turn, and the body. */
export interface DeliveryRequest {
  readonly headers: string[];
  readonly body: Uint8Array;
}

/** The request of a delivery. Hops are between brokers and are not shown to subscribers. */
export function requestOf(delivery: Delivery, destination: Destination): DeliveryRequest {
  const { route, stage } = delivery;
  const { namespace, policy, headers: own } = route.subscription;
  const event = stage === "dead-letter" ? deadLetterEvent(delivery) : delivery.event;
  const encoded =
    policy.format === "json"
      ? encodeHttp(withAttributes(event, { knativebrokerttl: undefined }), "structured")
      : encodeHttp(event, "binary");
  const headers = ["prefer", "reply", "kn-namespace", namespace];
  for (const name in encoded.headers) {
    // Cheaper than making the event anew without it.
    if (name !== "ce-knativebrokerttl") headers.push(name, encoded.headers[name]!);
  }
  const { traceparent: parent, tracestate: state } = event.attributes;
  if (typeof parent === "string" && traceparent.test(parent)) {
    headers.push("traceparent", parent);
    if (typeof state === "string" && tracestate.test(state)) headers.push("tracestate", state);
  }
  let { authorization } = destination;
  // They are for the subscriber's eyes: a dead-letter sink may be somebody else's.
  if (own !== undefined && stage === "subscriber") {
    for (const name in own) {
      if (name === "authorization") authorization = own[name];
      else headers.push(name, own[name]!);
    }
  }
  if (authorization !== undefined) headers.push("authorization", authorization);
  return { headers, body: encoded.body };
}
