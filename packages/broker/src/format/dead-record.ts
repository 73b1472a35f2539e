import { type CloudEvent, encodeNats } from "@rouse/events";
import type { Failure } from "../delivery.ts";
import type { StoredMessage } from "../log/engine.ts";
import { decodeFailure, encodeFailure } from "./failure-headers.ts";
import { decodeHeaderText, encodeHeaderText } from "./header-text.ts";
import { checkFormat, decodeEvent, type MessageContent, messageFormat, wholeNumber } from "./message.ts";

/** What became of the dead-letter sink's share. */
export type DeadLetterOutcome =
  | { readonly kind: "accepted"; readonly attempts: number }
  | { readonly kind: "failed"; readonly attempts: number; readonly failure: Failure };

/** An event that could not be delivered, or something that cannot be: where, why, when, how often. */
export interface DeadRecord {
  /** Or source, with `origin`. Undefined when the record is about neither (`not-an-event`, `log-overrun`). */
  readonly trigger: { readonly uid: string; readonly name: string } | undefined;
  /** In the broker's log; for a reply: of the event that it answers; 0 with `origin`: it never came into the log. */
  readonly sequence: number;
  readonly storedAt: number;
  readonly diedAt: number;
  /** Undefined when what was found is no event, or when there is nothing left to keep. */
  readonly event: CloudEvent | undefined;
  /** What was found instead of an event, or what a source was given that cannot become one. */
  readonly raw: Uint8Array | undefined;
  /** The data were left out because the record would have been too large; the log has them while it lasts. */
  readonly dataOmitted: boolean;
  readonly hops: number;
  /** Attempts made at the subscriber. */
  readonly attempts: number;
  readonly firstFailedAt: number | undefined;
  readonly failure: Failure;
  /** What a source could not bring in: where that lies outside, in the words of its protocol. */
  readonly origin?: Readonly<Record<string, string | number>>;
  /** Undefined when no dead-letter sink is declared, or none was tried. */
  readonly deadLetter: DeadLetterOutcome | undefined;
}

const originBytesMax = 4_096;

/** A dead record as it lies in the dead stream. */
export type StoredDeadRecord = DeadRecord & { readonly recordSequence: number };

/** The event in the NATS binding's binary mode, if there is one, and everything about its end in `rouse-*` headers. */
export function encodeDeadRecord(record: DeadRecord): MessageContent {
  const { headers: eventHeaders, data } = record.event
    ? encodeNats(record.event)
    : { headers: {}, data: record.raw ?? new Uint8Array(0) };
  const headers: Record<string, string> = {
    ...eventHeaders,
    "rouse-format": String(messageFormat),
    "rouse-sequence": String(record.sequence),
    "rouse-stored-at": String(record.storedAt),
    "rouse-died-at": String(record.diedAt),
    "rouse-hops": String(record.hops),
    "rouse-attempts": String(record.attempts),
    ...encodeFailure("rouse-", record.failure),
  };
  if (record.trigger) {
    headers["rouse-trigger-uid"] = record.trigger.uid;
    headers["rouse-trigger"] = encodeHeaderText(record.trigger.name, 256);
  }
  if (record.firstFailedAt !== undefined) headers["rouse-first-failed-at"] = String(record.firstFailedAt);
  if (record.dataOmitted) headers["rouse-data-omitted"] = "true";
  if (record.origin) headers["rouse-origin"] = encodeHeaderText(JSON.stringify(record.origin), originBytesMax);
  if (!record.event) headers["rouse-event"] = "none";
  if (record.deadLetter) {
    headers["rouse-sink"] = record.deadLetter.kind;
    headers["rouse-sink-attempts"] = String(record.deadLetter.attempts);
    if (record.deadLetter.kind === "failed") {
      Object.assign(headers, encodeFailure("rouse-sink-", record.deadLetter.failure));
    }
  }
  return { headers, data: record.dataOmitted ? new Uint8Array(0) : data };
}

/** Reads a dead record; one that is not ours is shown as `not-an-event`. LOG_FORMAT_NEWER for a newer format. */
export function decodeDeadRecord(message: StoredMessage): StoredDeadRecord {
  checkFormat(message);
  const { headers } = message;
  const decoded = headers["rouse-event"] === "none" ? undefined : decodeEvent(message);
  const event = decoded?.kind === "event" ? decoded.event : undefined;
  const uid = headers["rouse-trigger-uid"];
  const firstFailedAt = headers["rouse-first-failed-at"];
  return {
    recordSequence: message.sequence,
    trigger: uid === undefined ? undefined : { uid, name: decodeHeaderText(headers["rouse-trigger"] ?? uid) },
    sequence: wholeNumber(headers["rouse-sequence"], 0),
    storedAt: wholeNumber(headers["rouse-stored-at"], message.storedAt),
    diedAt: wholeNumber(headers["rouse-died-at"], message.storedAt),
    event,
    raw: event || message.data.length === 0 ? undefined : message.data,
    dataOmitted: headers["rouse-data-omitted"] === "true",
    hops: wholeNumber(headers["rouse-hops"], 0),
    attempts: wholeNumber(headers["rouse-attempts"], 0),
    firstFailedAt: firstFailedAt === undefined ? undefined : wholeNumber(firstFailedAt, 0),
    failure: decodeFailure("rouse-", headers) ?? { reason: "not-an-event", message: "a message without a reason" },
    ...originOf(headers["rouse-origin"]),
    deadLetter: deadLetterOutcome(message),
  };
}

function originOf(header: string | undefined): Pick<DeadRecord, "origin"> {
  if (header === undefined) return {};
  try {
    return { origin: JSON.parse(decodeHeaderText(header)) as Record<string, string | number> };
  } catch {
    return { origin: { text: decodeHeaderText(header) } };
  }
}

function deadLetterOutcome({ headers }: StoredMessage): DeadLetterOutcome | undefined {
  const kind = headers["rouse-sink"];
  const attempts = wholeNumber(headers["rouse-sink-attempts"], 0);
  if (kind === "accepted") return { kind, attempts };
  const failure = decodeFailure("rouse-sink-", headers);
  return kind === "failed" && failure ? { kind, attempts, failure } : undefined;
}
