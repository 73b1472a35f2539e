import { deadRecord, nextStep, type Step } from "../attempts/next-step.ts";
import { LogFault } from "../errors.ts";
import { decodeLaneCopy, type LaneCopy, type StoredCopy } from "../format/lane-copy.ts";
import { copyId, deadStrayId, deliveryKey } from "../format/message-id.ts";
import type { HeldMessage } from "../log/engine.ts";
import type { Route } from "../route.ts";
import type { LaneParts } from "./lane-parts.ts";

const afterErrorMs = 1_000;
const holdMinMs = 50;
const holdMaxMs = 30_000;
const newerFormatMs = 5_000;
const revisionWaitMs = 5_000;
const orphanGraceMs = 2_000;

/** What is to become of a message that a lane handed out. */
export type Settlement =
  /** `over`: nothing of it is left in the lane. */
  | { readonly kind: "ack"; readonly over: boolean }
  /** `held`: the target takes nothing before the delay is over. */
  | { readonly kind: "nak"; readonly delayMs: number; readonly held: boolean };

/** What {@link settleLaneMessage} asks of the lanes. */
export interface LaneAccess<R extends Route> {
  /** Undefined when there is no such trigger, or it was removed. */
  route(uid: string): R | undefined;
  /** Stores a copy; resolves only after that. */
  put(route: Route, copy: LaneCopy): Promise<void>;
}

/** Does what a message of a lane asks for, and says how to settle it. Never rejects. */
export async function settleLaneMessage<R extends Route>(
  parts: LaneParts<R>,
  lanes: LaneAccess<R>,
  uid: string,
  message: HeldMessage,
): Promise<Settlement> {
  try {
    return await settle(parts, lanes, uid, message);
  } catch (failure) {
    if (failure instanceof LogFault && failure.code === "LOG_FORMAT_NEWER") {
      parts.onFault(failure);
      return nak(newerFormatMs);
    }
    // The log is away: the message comes again, and with it whatever has to be stored.
    return nak(afterErrorMs);
  }
}

async function settle<R extends Route>(
  parts: LaneParts<R>,
  lanes: LaneAccess<R>,
  uid: string,
  message: HeldMessage,
): Promise<Settlement> {
  const { attempts, clock, dead, faults, processId, timing } = parts;
  const decoded = decodeLaneCopy(message);
  if (decoded.kind === "stray") return await buryStray(parts, uid, message, decoded.message);
  const { copy } = decoded;
  if (attempts.isOver(copy, uid)) return over;
  const route = lanes.route(uid) ?? (await routeAtRevision(parts, lanes, uid, copy));
  if (route === "unknown") return nak(afterErrorMs);
  // Another process may be removing the backlog just now, because it was told to drop or to keep it.
  if (!route && message.deliveries === 1) return nak(orphanGraceMs);
  if (!route) return await buryOrphan(parts, uid, copy);
  if (route.paused) return nak(0);
  const now = clock.now();
  if (copy.notBefore > now) return nak(copy.notBefore - now);
  if (copy.spilledBy !== undefined && copy.spilledBy !== processId) {
    // Left for an ack wait to the process whose attempt is under way, as a message in its hands would be.
    const ageMs = now - message.storedAt;
    if (ageMs >= 0 && ageMs < timing.laneAckWaitMs) return nak(Math.min(afterErrorMs, timing.laneAckWaitMs - ageMs));
  }
  if (copy.stage === "dead-letter" && route.deadLetterTarget === undefined) {
    const failure = copy.failure ?? { reason: "unknown", message: "the reason was not kept" };
    await dead.store(deadRecord(copy, route, now, failure, copy.subscriberAttempts));
    attempts.settled.add(deliveryKey(copy.sequence, uid));
    return over;
  }
  const verdict = await attempts.make(copy, route);
  faults("lane-delivered");
  return await carryOut(parts, lanes, route, copy, nextStep(copy, route, verdict, clock.now()));
}

async function carryOut<R extends Route>(
  parts: LaneParts<R>,
  lanes: LaneAccess<R>,
  route: R,
  copy: LaneCopy,
  step: Step,
): Promise<Settlement> {
  const { attempts, clock, dead } = parts;
  switch (step.kind) {
    case "finished":
      return over;
    case "copy":
      await lanes.put(route, step.copy);
      attempts.superseded.add(copyId(copy.sequence, route.uid, copy.stage, copy.attempt));
      return { kind: "ack", over: false };
    case "hold": {
      const delayMs = Math.min(holdMaxMs, Math.max(holdMinMs, step.notBefore - clock.now()));
      return { kind: "nak", delayMs, held: copy.stage === "subscriber" };
    }
    case "dead":
      await dead.store(step.record);
      attempts.settled.add(deliveryKey(copy.sequence, route.uid));
      return over;
    default: {
      const unknown: never = step;
      return unknown;
    }
  }
}

/** A trigger that is not known may be one that this process has not heard of yet: the copy says what its writer knew. */
async function routeAtRevision<R extends Route>(
  parts: LaneParts<R>,
  lanes: LaneAccess<R>,
  uid: string,
  copy: StoredCopy,
): Promise<R | undefined | "unknown"> {
  const { configuration } = parts;
  if (!configuration.loaded) return "unknown";
  if (configuration.revision < copy.revision && !(await configuration.reached(copy.revision, revisionWaitMs))) {
    return "unknown";
  }
  return lanes.route(uid);
}

async function buryOrphan<R extends Route>(parts: LaneParts<R>, uid: string, copy: LaneCopy): Promise<Settlement> {
  const attempted = copy.stage === "dead-letter" ? copy.subscriberAttempts : copy.attempt - 1;
  await parts.dead.store(orphanRecord(uid, copy, parts.clock.now(), attempted));
  parts.attempts.settled.add(deliveryKey(copy.sequence, uid));
  return over;
}

/** The record of a copy whose trigger was deleted. */
export function orphanRecord(uid: string, copy: LaneCopy, now: number, attempts: number) {
  const failure = { reason: "trigger-deleted", message: "the trigger was deleted while the event waited in its lane" };
  return deadRecord(copy, { uid, name: uid }, now, failure, attempts);
}

async function buryStray<R extends Route>(
  parts: LaneParts<R>,
  uid: string,
  message: HeldMessage,
  why: string,
): Promise<Settlement> {
  const record = {
    trigger: { uid, name: uid },
    sequence: 0,
    storedAt: message.storedAt,
    diedAt: parts.clock.now(),
    event: undefined,
    raw: message.data,
    dataOmitted: false,
    hops: 0,
    attempts: 0,
    firstFailedAt: undefined,
    failure: { reason: "not-an-event", message: why },
    deadLetter: undefined,
  };
  await parts.dead.store(record, deadStrayId(message.subject, message.sequence));
  return over;
}

const over: Settlement = { kind: "ack", over: true };

function nak(delayMs: number): Settlement {
  return { kind: "nak", delayMs, held: false };
}
