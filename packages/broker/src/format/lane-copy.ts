import { type CloudEvent, encodeNats } from "@rouse/events";
import type { Delivery, Failure } from "../delivery.ts";
import { hopsDefault } from "../hops.ts";
import type { StoredMessage } from "../log/engine.ts";
import type { Route } from "../route.ts";
import { decodeFailure, encodeFailure } from "./failure-headers.ts";
import { decodeHeaderText, encodeHeaderText } from "./header-text.ts";
import { checkFormat, decodeEvent, type MessageContent, messageFormat, wholeNumber } from "./message.ts";
import type { Stage } from "./message-id.ts";

/** An event on its way to one trigger, as far as it has come; what a lane stores, and what a direct attempt starts with. */
export interface LaneCopy {
  readonly event: CloudEvent;
  /** In the broker's log. */
  readonly sequence: number;
  /** When the event was stored in the log. */
  readonly storedAt: number;
  readonly hops: number;
  readonly stage: Stage;
  /** The attempt of the stage that is still to be made; 1 is the first. */
  readonly attempt: number;
  /** Not to be tried earlier, milliseconds since the epoch; 0: at once. */
  readonly notBefore: number;
  readonly firstFailedAt: number | undefined;
  /** In stage `dead-letter`: attempts made at the subscriber. */
  readonly subscriberAttempts: number;
  /** In stage `dead-letter`: why the subscriber was given up. */
  readonly failure: Failure | undefined;
  /** The process whose first attempt is under way still; the others leave the copy to it for a while. */
  readonly spilledBy: string | undefined;
}

/** A copy in a lane, and the configuration revision of the process that stored it. */
export type StoredCopy = LaneCopy & { readonly revision: number };

/** The log message's own form, with what a copy adds; `revision` is what the one who stores it knows. */
export function encodeLaneCopy(copy: LaneCopy, revision: number): MessageContent {
  const { headers, data } = encodeNats(copy.event);
  headers["rouse-format"] = String(messageFormat);
  headers["rouse-revision"] = String(revision);
  headers["rouse-hops"] = String(copy.hops);
  headers["rouse-sequence"] = String(copy.sequence);
  headers["rouse-stored-at"] = String(copy.storedAt);
  headers["rouse-stage"] = copy.stage;
  headers["rouse-attempt"] = String(copy.attempt);
  headers["rouse-not-before"] = String(copy.notBefore);
  if (copy.firstFailedAt !== undefined) headers["rouse-first-failed-at"] = String(copy.firstFailedAt);
  if (copy.spilledBy !== undefined) headers["rouse-spilled-by"] = encodeHeaderText(copy.spilledBy, 128);
  if (copy.stage === "dead-letter") headers["rouse-subscriber-attempts"] = String(copy.subscriberAttempts);
  if (copy.failure !== undefined) Object.assign(headers, encodeFailure("rouse-", copy.failure));
  return { headers, data };
}

/** Reads a copy; `stray` when the message is none of ours. LOG_FORMAT_NEWER is thrown for a newer format. */
export function decodeLaneCopy(
  message: StoredMessage,
): { readonly kind: "copy"; readonly copy: StoredCopy } | { readonly kind: "stray"; readonly message: string } {
  checkFormat(message);
  const { headers } = message;
  const decoded = decodeEvent(message);
  if (decoded.kind === "not-an-event") return { kind: "stray", message: decoded.message };
  const sequence = wholeNumber(headers["rouse-sequence"], 0);
  if (sequence === 0) return { kind: "stray", message: "the message in the lane names no sequence of the log" };
  const firstFailedAt = headers["rouse-first-failed-at"];
  const spilledBy = headers["rouse-spilled-by"];
  return {
    kind: "copy",
    copy: {
      event: decoded.event,
      sequence,
      storedAt: wholeNumber(headers["rouse-stored-at"], message.storedAt),
      hops: wholeNumber(headers["rouse-hops"], hopsDefault),
      revision: wholeNumber(headers["rouse-revision"], 0),
      stage: headers["rouse-stage"] === "dead-letter" ? "dead-letter" : "subscriber",
      attempt: Math.max(1, wholeNumber(headers["rouse-attempt"], 1)),
      notBefore: wholeNumber(headers["rouse-not-before"], 0),
      firstFailedAt: firstFailedAt === undefined ? undefined : wholeNumber(firstFailedAt, message.storedAt),
      subscriberAttempts: wholeNumber(headers["rouse-subscriber-attempts"], 0),
      failure: decodeFailure("rouse-", headers),
      spilledBy: spilledBy === undefined ? undefined : decodeHeaderText(spilledBy),
    },
  };
}

/** The copy as the deliverer is told. */
export function deliveryOf<R extends Route>(namespace: string, broker: string, copy: LaneCopy, route: R): Delivery<R> {
  return {
    namespace,
    broker,
    sequence: copy.sequence,
    event: copy.event,
    route,
    stage: copy.stage,
    attempt: copy.attempt,
    hops: copy.hops,
    storedAt: copy.storedAt,
    firstFailedAt: copy.firstFailedAt,
    failure: copy.failure,
  };
}
