import { createHash } from "node:crypto";

/** Which of a trigger's two destinations an attempt is for. */
export type Stage = "subscriber" | "dead-letter";

/** What is settled once: one event for one trigger. */
export function deliveryKey(sequence: number, triggerUid: string): string {
  return `${sequence}.${triggerUid}`;
}

/**
 * The id of a lane copy: `<sequence>.<trigger uid>.<attempt>`, the attempt being the one still to be made, so that a
 * copy stored before any attempt, one stored while the first is under way and one that was only held are the same copy.
 * Attempts at the dead-letter sink count anew and are told apart by a `d` before the number.
 */
export function copyId(sequence: number, triggerUid: string, stage: Stage, attempt: number): string {
  return `${sequence}.${triggerUid}.${stage === "dead-letter" ? "d" : ""}${attempt}`;
}

/** The id of a reply: the delivery that caused it, whatever id and source the reply itself carries. */
export function replyId(sequence: number, triggerUid: string): string {
  return `r.${sequence}.${triggerUid}`;
}

/** The id of a dead record. */
export function deadId(sequence: number, triggerUid: string): string {
  return `d.${sequence}.${triggerUid}`;
}

/** The id of the dead record of a reply that could not be stored; the delivery itself may still get one of its own. */
export function deadReplyId(sequence: number, triggerUid: string): string {
  return `d.r.${sequence}.${triggerUid}`;
}

/** The id of the record that tells of a message found in a lane that is no copy of ours. */
export function deadStrayId(subject: string, sequence: number): string {
  return `d.s.${createHash("sha256").update(subject).digest("hex").slice(0, 16)}.${sequence}`;
}

/** The id of the record that tells of events removed by a limit before they were read. */
export function gapId(from: number): string {
  return `d.gap.${from}`;
}
