import { backoffDelayMs } from "@rouse/base";
import type { ReplyResult } from "../replies.ts";
import type { RetryPolicy } from "../subscription.ts";
import type { Failing } from "../target.ts";
import type { AttemptNote, Failure, Verdict } from "./delivery.ts";
import type { HttpOutcome } from "./outcome.ts";
import { retryAfterMs } from "./retry-after.ts";

/** Everything that a verdict depends on. */
export interface Attempt {
  readonly outcome: HttpOutcome;
  /** What became of the reply, when the outcome carried one that was to be stored. */
  readonly reply: ReplyResult | undefined;
  /** 1 for the first attempt of the stage. */
  readonly attempt: number;
  readonly policy: RetryPolicy;
  /** The URL posted to, for people. */
  readonly destination: string;
  readonly service?: string | undefined;
  readonly instance: "cold" | "thawed" | "warm" | undefined;
  readonly waitedMs: number;
  /** The target is known to be down: a failure that says so again is not counted, and waits this long. */
  readonly downMs: number | undefined;
}

/** The share by which a delay is longer or shorter, so that what failed together does not come back together. */
const jitter = 0.1;
/** Stays the reason when retries are exhausted: it says more. */
const cannotStart = "service-cannot-start";
/** Of a failure, bytes. */
const bodyMax = 1_024;
/** How long to stand back from an instance that was gone before it accepted the request. */
const goneInstanceMs = 200;

/**
 * The verdict on an attempt; the only place that makes one out of an HTTP outcome. A CloudEvent that a 200 carries is a
 * reply; any other 2xx is done; 404, 408, 409, 429, 5xx, timeouts and transport errors are tried again; everything else
 * is refused. A reply that claims to be an event and is none fails the attempt, as in Knative: ignoring it would lose
 * what the subscriber meant to say. `now` is milliseconds since the epoch.
 */
export function judge(attempt: Attempt, now: number, random: () => number): Verdict {
  const { outcome, destination } = attempt;
  const note = noteOf(attempt);
  switch (outcome.kind) {
    case "aborted":
      return { kind: "hold", reason: "this process is going down", notBefore: now, note };
    case "timeout": {
      const message = `${destination} did not answer within ${outcome.timeoutMs} ms`;
      return failed(attempt, { reason: "timeout", message, destination, status: 500 }, note, now, random);
    }
    case "transport": {
      if (outcome.unreached && attempt.instance !== undefined) {
        const reason = `the instance was gone before it accepted the request: ${outcome.message}`;
        return { kind: "hold", reason, notBefore: now + goneInstanceMs, note };
      }
      const message = `${destination} could not be posted to: ${outcome.message}`;
      return failed(attempt, { reason: "transport", message, destination, status: 500 }, note, now, random);
    }
    case "response":
      return judgeResponse(attempt, outcome, note, now, random);
    default: {
      const unknown: never = outcome;
      return unknown;
    }
  }
}

/** Everything that a verdict depends on while the service of a target cannot be started. */
export interface FailingAttempt {
  readonly failing: Failing;
  /** `<namespace>/<name>`. */
  readonly service: string;
  /** Why there is no lease now, and when to ask again. */
  readonly reason: string;
  readonly retryAfterMs: number;
  /** 1 for the first attempt of the stage. */
  readonly attempt: number;
  readonly policy: RetryPolicy;
  /** The service may fail for so long before attempts count. */
  readonly holdMaxMs: number;
}

/**
 * The verdict on an attempt that could not be made because the service cannot be started: held at first, since that is
 * no fault of the event; a failed attempt once the service has been failing for `holdMaxMs`.
 */
export function judgeFailing(attempt: FailingAttempt, now: number, random: () => number): Verdict {
  const { failing, holdMaxMs, reason, retryAfterMs, service } = attempt;
  const note: AttemptNote = { service };
  if (now - failing.since < holdMaxMs) return { kind: "hold", reason, notBefore: now + retryAfterMs, note };
  const message = `service ${service} cannot be started (${failing.reason}): ${failing.message}`;
  const body = new TextEncoder().encode(message).subarray(0, bodyMax);
  return failed(attempt, { reason: cannotStart, message, status: 500, body }, note, now, random);
}

type Response = Extract<HttpOutcome, { kind: "response" }>;

function judgeResponse(
  attempt: Attempt,
  response: Response,
  note: AttemptNote,
  now: number,
  random: () => number,
): Verdict {
  const { destination, reply } = attempt;
  const { status, body } = response;
  const start = "start" in body && body.start.length > 0 ? { body: body.start } : {};
  const fail = (reason: string, message: string): Verdict =>
    failed(attempt, { reason, message, destination, status, ...start }, note, now, random);
  if (status >= 200 && status <= 299) {
    if (body.kind === "invalid-event") {
      return fail("reply-invalid", `${destination} replied with something that is no event: ${body.message}`);
    }
    if (reply?.kind === "unavailable") {
      return fail("reply-not-stored", `the reply of ${destination} could not be stored: ${reply.reason}`);
    }
    return { kind: "done", note };
  }
  const detail = problemDetail(start.body);
  const message = `${destination} answered ${status}${detail === undefined ? "" : `: ${detail}`}`;
  if (isRetryable(status)) return fail("status", message);
  const failure = { reason: "refused", message, destination, status, ...start, attempts: attempt.attempt };
  return { kind: "dead", failure, note };
}

const detailMax = 300;

/** What a problem document (RFC 9457) says happened; undefined when the body is none. */
function problemDetail(body: Uint8Array | undefined): string | undefined {
  if (body?.[0] !== 0x7b) return undefined;
  try {
    const { detail } = JSON.parse(new TextDecoder().decode(body)) as { detail?: unknown };
    return typeof detail === "string" && detail !== "" ? detail.slice(0, detailMax) : undefined;
  } catch {
    return undefined;
  }
}

/** The statuses that Knative repeats. */
function isRetryable(status: number): boolean {
  return status === 404 || status === 408 || status === 409 || status === 429 || status >= 500;
}

/** What a failed attempt's verdict depends on beside the failure. */
type Counted = Pick<Attempt, "attempt" | "policy"> & Partial<Pick<Attempt, "outcome" | "downMs">>;

function failed(attempt: Counted, failure: Failure, note: AttemptNote, now: number, random: () => number): Verdict {
  const { policy, downMs } = attempt;
  if (downMs !== undefined) {
    return { kind: "hold", reason: `the target is down: ${failure.message}`, notBefore: now + downMs, note };
  }
  if (attempt.attempt > policy.retry) {
    const message = `${failure.message}; attempt ${attempt.attempt} was the last`;
    const reason = failure.reason === cannotStart ? cannotStart : "retries-exhausted";
    return { kind: "dead", failure: { ...failure, reason, message, attempts: attempt.attempt }, note };
  }
  return { kind: "again", notBefore: now + delayMs(attempt, now, random), failure, note };
}

function delayMs({ outcome, attempt, policy }: Counted, now: number, random: () => number): number {
  const backoff = { policy: policy.backoffPolicy, delayMs: policy.backoffDelayMs, capMs: policy.backoffCapMs, jitter };
  const delay = backoffDelayMs(backoff, attempt, random);
  if (outcome?.kind !== "response" || (outcome.status !== 429 && outcome.status !== 503)) return delay;
  const asked = retryAfterMs(outcome.retryAfter, now) ?? 0;
  return Math.max(delay, Math.min(asked, policy.retryAfterMaxMs));
}

function noteOf({ outcome, reply, destination, service, instance, waitedMs }: Attempt): AttemptNote {
  // Filled step by step: this is made for every attempt, and spreading optional parts costs ten times as much.
  const note: { -readonly [Field in keyof AttemptNote]: AttemptNote[Field] } = { destination, waitedMs };
  if (service !== undefined) note.service = service;
  if (instance !== undefined) note.instance = instance;
  if (outcome.kind !== "response") return note;
  note.status = outcome.status;
  note.responseMs = outcome.responseMs;
  if (reply?.kind === "stored" && outcome.body.kind === "event") {
    note.reply = { type: outcome.body.event.attributes.type, handle: reply.handle };
  }
  const warning = warningOf(outcome.status, outcome, reply);
  if (warning !== undefined) note.warning = warning;
  return note;
}

function warningOf(status: number, { body }: Response, reply: ReplyResult | undefined): string | undefined {
  if (reply?.kind === "refused") return `the reply was refused: ${reply.reason}`;
  if (status < 200 || status > 299 || body.kind !== "other") return undefined;
  if (status === 200 && !body.claimed)
    return "200 with a body that is no event; a reply is a CloudEvent, anything else is ignored";
  if (status !== 200 && body.claimed) return `an event in a ${status} is ignored; a reply is taken from a 200`;
  return undefined;
}
