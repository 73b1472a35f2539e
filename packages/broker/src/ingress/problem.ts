import { STATUS_CODES } from "node:http";
import { EventFault } from "@rouse/events";
import { BrokerFault } from "../broker-fault.ts";
import { LogFault } from "../errors.ts";

/** The media type of a {@link Problem}. */
export const problemType = "application/problem+json";

const retryAfterDefaultMs = 1_000;

/** Why a request was not done, as RFC 9457 has it: `detail` says what is wrong, `hint` what to change. */
export interface Problem {
  readonly type: "about:blank";
  /** The phrase of the status. */
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable, for programs. */
  readonly code: string;
  readonly hint?: string;
  /** After a batch that is stored in part: how many of its events are. */
  readonly stored?: number;
}

/** A problem, and how long to wait before the request is worth repeating. */
export interface ProblemAnswer {
  readonly problem: Problem;
  readonly retryAfterMs?: number;
}

/** Builds a problem; the title follows from the status. */
export function problemOf(status: number, code: string, detail: string, hint?: string): Problem {
  const title = STATUS_CODES[status] ?? "Error";
  return { type: "about:blank", title, status, detail, code, ...(hint === undefined ? {} : { hint }) };
}

/** The answer to whatever was thrown while an event was taken. Nothing of an unexpected error is shown. */
export function problemOfFailure(failure: unknown): ProblemAnswer {
  if (failure instanceof EventFault) {
    return { problem: problemOf(statusOfEventFault(failure), failure.code, failure.message, failure.hint) };
  }
  if (failure instanceof BrokerFault) {
    const problem = problemOf(statusOfBrokerFault(failure), failure.code, failure.message, failure.hint);
    return problem.status === 503 ? unavailable(problem, failure.retryAfterMs) : { problem };
  }
  if (failure instanceof LogFault) {
    if (failure.code === "LOG_MESSAGE_TOO_LARGE") {
      return { problem: problemOf(413, failure.code, failure.message, failure.hint) };
    }
    const hint = failure.hint ?? "nothing is wrong with the event; send it again after the delay";
    return unavailable(problemOf(503, failure.code, failure.message, hint));
  }
  return { problem: problemOf(500, "INTERNAL", "something went wrong here; the event may not be stored") };
}

function unavailable(problem: Problem, retryAfterMs = retryAfterDefaultMs): ProblemAnswer {
  return { problem, retryAfterMs };
}

function statusOfEventFault(fault: EventFault): number {
  if (fault.code === "EVENT_MEDIA_TYPE_UNSUPPORTED") return 415;
  return fault.code === "EVENT_TOO_LARGE" ? 413 : 400;
}

function statusOfBrokerFault(fault: BrokerFault): number {
  switch (fault.code) {
    case "BROKER_EVENT_TOO_LARGE":
      return 413;
    case "BROKER_TOO_MANY_HOPS":
      return 400;
    case "BROKER_BUSY":
    case "BROKER_LOG_PRESSURE":
    case "BROKER_CLOSED":
      return 503;
    default: {
      const unknown: never = fault.code;
      return unknown;
    }
  }
}
