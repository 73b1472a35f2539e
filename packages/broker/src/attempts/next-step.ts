import type { Failure, Verdict } from "../delivery.ts";
import type { DeadRecord } from "../format/dead-record.ts";
import type { LaneCopy } from "../format/lane-copy.ts";
import type { Route } from "../route.ts";

/** What is to be done after an attempt, before the message that caused it may be acked. */
export type Step =
  /** Nothing is left to do for this event and trigger. */
  | { readonly kind: "finished" }
  /** This copy is stored in the lane. */
  | { readonly kind: "copy"; readonly copy: LaneCopy }
  /** The same attempt is still to be made. */
  | { readonly kind: "hold"; readonly reason: string; readonly notBefore: number }
  /** This record is stored in the dead stream. */
  | { readonly kind: "dead"; readonly record: DeadRecord };

/** The step that a verdict on an attempt leads to. */
export function nextStep(copy: LaneCopy, route: Route, verdict: Verdict, now: number): Step {
  switch (verdict.kind) {
    case "done":
      if (copy.stage === "subscriber") return { kind: "finished" };
      return { kind: "dead", record: afterDeadLetter(copy, route, now, undefined) };
    case "again":
      return {
        kind: "copy",
        copy: {
          ...copy,
          attempt: copy.attempt + 1,
          notBefore: Math.ceil(verdict.notBefore),
          firstFailedAt: copy.firstFailedAt ?? now,
          spilledBy: undefined,
        },
      };
    case "hold":
      return { kind: "hold", reason: verdict.reason, notBefore: Math.ceil(verdict.notBefore) };
    case "dead":
      if (copy.stage === "dead-letter") {
        return { kind: "dead", record: afterDeadLetter(copy, route, now, verdict.failure) };
      }
      if (route.deadLetterTarget !== undefined) return { kind: "copy", copy: forDeadLetter(copy, verdict.failure) };
      return { kind: "dead", record: deadRecord(copy, route, now, verdict.failure, copy.attempt) };
    default: {
      const unknown: never = verdict;
      return unknown;
    }
  }
}

/** The record of a copy that ends here, without any word of a dead-letter sink. */
export function deadRecord(
  copy: LaneCopy,
  trigger: { readonly uid: string; readonly name: string },
  now: number,
  failure: Failure,
  attempts: number,
): DeadRecord {
  return {
    trigger: { uid: trigger.uid, name: trigger.name },
    sequence: copy.sequence,
    storedAt: copy.storedAt,
    diedAt: now,
    event: copy.event,
    raw: undefined,
    dataOmitted: false,
    hops: copy.hops,
    attempts,
    firstFailedAt: copy.firstFailedAt,
    failure,
    deadLetter: undefined,
  };
}

function forDeadLetter(copy: LaneCopy, failure: Failure): LaneCopy {
  return {
    ...copy,
    stage: "dead-letter",
    attempt: 1,
    notBefore: 0,
    firstFailedAt: undefined,
    subscriberAttempts: copy.attempt,
    failure,
    spilledBy: undefined,
  };
}

function afterDeadLetter(copy: LaneCopy, route: Route, now: number, failure: Failure | undefined): DeadRecord {
  const given = copy.failure ?? { reason: "unknown", message: "the reason was not kept" };
  return {
    ...deadRecord(copy, route, now, given, copy.subscriberAttempts),
    deadLetter: failure
      ? { kind: "failed", attempts: copy.attempt, failure }
      : { kind: "accepted", attempts: copy.attempt },
  };
}
