import { messageOf } from "@rouse/base";
import { decodeHttp, type HttpHeaders, isCloudEventsMediaType } from "@rouse/events";
import type { ResponseBody } from "./outcome.ts";

/** What was read of a body. */
export interface ReadBody {
  /** At most as many bytes as were asked for. */
  readonly bytes: Uint8Array;
  /** There was more than that. */
  readonly cut: boolean;
}

/** Headers of a response, names in lower case. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How much of a body failures and people are shown. */
export const startMax = 1024;

/**
 * True when the headers say that the response is an event: a content type of CloudEvents, or any `ce-` header. From then
 * on it must be one.
 */
export function claimsEvent(headers: ResponseHeaders): boolean {
  const contentType = headers["content-type"];
  if (typeof contentType === "string" && isCloudEventsMediaType(contentType)) return true;
  for (const name in headers) if (name.startsWith("ce-")) return true;
  return false;
}

/** The event in a 200 that claims to be one; binary or structured. Never throws. */
export function readReply(headers: HttpHeaders, { bytes, cut }: ReadBody): ResponseBody {
  const invalid = (message: string): ResponseBody => {
    return { kind: "invalid-event", message, start: new Uint8Array(bytes.subarray(0, startMax)) };
  };
  if (cut) return invalid(`it is larger than ${bytes.length} bytes`);
  try {
    const message = decodeHttp(headers, bytes);
    if (message.kind === "event") return { kind: "event", event: message.event };
    return invalid("it is a batch; a reply is one event");
  } catch (fault) {
    return invalid(messageOf(fault));
  }
}
