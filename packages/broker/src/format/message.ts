import { type CloudEvent, decodeNats, encodeNats } from "@rouse/events";
import { LogFault } from "../errors.ts";
import { hopsDefault } from "../hops.ts";
import type { MessageHeaders, StoredMessage } from "../log/engine.ts";

/** The format of what is stored; it grows only when an older version could not read the new one. */
export const messageFormat = 1;

const formatText = String(messageFormat);

/** What the ingress adds to an event. */
export interface Stamp {
  /** The configuration revision that the ingress knew. */
  readonly revision: number;
  /** Brokers that the event may still pass. */
  readonly hops: number;
  /** Internal log only: the uid of the one trigger that is meant. */
  readonly addressee: string | undefined;
}

/** Headers and data, ready to be stored. */
export interface MessageContent {
  readonly headers: MessageHeaders;
  readonly data: Uint8Array;
}

/** What was found in the log. */
export type LogMessage =
  | ({ readonly kind: "event"; readonly event: CloudEvent } & Stamp)
  | { readonly kind: "not-an-event"; readonly message: string };

/** The event in the NATS binding's binary mode, with the format and the ingress's stamp. */
export function encodeLogMessage(event: CloudEvent, stamp: Stamp): MessageContent {
  // The codec's headers are written on: copying them costs more than encoding the event.
  const { headers, data } = encodeNats(event);
  headers["rouse-format"] = formatText;
  headers["rouse-revision"] = String(stamp.revision);
  headers["rouse-hops"] = String(stamp.hops);
  if (stamp.addressee !== undefined) headers["rouse-to"] = stamp.addressee;
  return { headers, data };
}

/**
 * Reads a log message. A well-formed event without our headers (published straight to the subject) is taken as one
 * that just came in; LOG_FORMAT_NEWER is thrown for a format that this version does not know.
 */
export function decodeLogMessage(message: StoredMessage): LogMessage {
  checkFormat(message);
  const decoded = decodeEvent(message);
  if (decoded.kind === "not-an-event") return decoded;
  return {
    kind: "event",
    event: decoded.event,
    revision: wholeNumber(message.headers["rouse-revision"], 0),
    hops: wholeNumber(message.headers["rouse-hops"], hopsDefault),
    addressee: message.headers["rouse-to"],
  };
}

/** The event in a message, or what is wrong with it. */
export function decodeEvent(
  message: StoredMessage,
):
  | { readonly kind: "event"; readonly event: CloudEvent }
  | { readonly kind: "not-an-event"; readonly message: string } {
  try {
    return { kind: "event", event: decodeNats(message.headers, message.data) };
  } catch (wrong) {
    return { kind: "not-an-event", message: wrong instanceof Error ? wrong.message : String(wrong) };
  }
}

/** Throws LOG_FORMAT_NEWER when the message was written in a format that this version does not know. */
export function checkFormat(message: StoredMessage): void {
  const format = message.headers["rouse-format"];
  if (format === undefined || Number(format) <= messageFormat) return;
  throw new LogFault(
    "LOG_FORMAT_NEWER",
    `message ${message.sequence} has format ${format}; this version reads up to ${messageFormat}`,
    { hint: "run the version that wrote it, or a newer one; nothing was changed or lost" },
  );
}

/** A header's whole number, or `otherwise` when it is absent or none. */
export function wholeNumber(value: string | undefined, otherwise: number): number {
  return value !== undefined && /^\d{1,16}$/.test(value) ? Number(value) : otherwise;
}
