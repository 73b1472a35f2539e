import { type EncodedHttp, encodeHttp, withAttributes } from "@rouse/events";
import { deadLetterEvent } from "./dead-letter.ts";
import type { Delivery } from "./delivery.ts";

/** Where a lease says to post to, taken apart. */
export interface Destination {
  readonly url: URL;
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
  if (url.username === "" && url.password === "") return { url, shown: text, authorization: undefined };
  const credentials = `${unescaped(url.username)}:${unescaped(url.password)}`;
  url.username = "";
  url.password = "";
  return { url, shown: url.href, authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
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

/** The request of a delivery: headers with lower-case names, and the body. Hops are ours and are not shown. */
export function requestOf(delivery: Delivery, destination: Destination): Pick<EncodedHttp, "headers" | "body"> {
  const { route, stage } = delivery;
  const event = stage === "dead-letter" ? deadLetterEvent(delivery) : delivery.event;
  const { attributes } = event;
  const encoded =
    route.subscription.policy.format === "json"
      ? encodeHttp(withAttributes(event, { knativebrokerttl: undefined }), "structured")
      : encodeHttp(event, "binary");
  const { headers, body } = encoded;
  // Cheaper than making the event anew.
  delete headers["ce-knativebrokerttl"];
  headers.prefer = "reply";
  headers["kn-namespace"] = route.subscription.namespace;
  if (typeof attributes.traceparent === "string" && traceparent.test(attributes.traceparent)) {
    headers.traceparent = attributes.traceparent;
    if (typeof attributes.tracestate === "string" && tracestate.test(attributes.tracestate)) {
      headers.tracestate = attributes.tracestate;
    }
  }
  if (destination.authorization !== undefined) headers.authorization = destination.authorization;
  return { headers, body };
}
