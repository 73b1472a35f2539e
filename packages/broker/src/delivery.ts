import type { CloudEvent } from "@rouse/events";
import type { Route } from "./route.ts";

/** Why an attempt failed, as the dead-letter sink and people are told. */
export interface Failure {
  /** A stable word: `refused`, `retries-exhausted`, `expired`, `too-many-hops` … */
  readonly reason: string;
  /** One sentence. */
  readonly message: string;
  /** The URL posted to, when there was one. */
  readonly destination?: string;
  /** HTTP status; 500 on a transport error. */
  readonly status?: number;
  /** Beginning of the response body, at most 1,024 bytes. */
  readonly body?: Uint8Array;
  /** How many attempts were made before it was given up, when that is known. */
  readonly attempts?: number;
}

/** One event on its way to one trigger. */
export interface Delivery<R extends Route = Route> {
  readonly namespace: string;
  readonly broker: string;
  /** Sequence in the broker's log: `<namespace>/<broker>/<sequence>` is the event's handle. */
  readonly sequence: number;
  readonly event: CloudEvent;
  readonly route: R;
  /** `dead-letter`: the subscriber is given up, this goes to the dead-letter sink; attempts count anew. */
  readonly stage: "subscriber" | "dead-letter";
  /** 1 for the first attempt of the stage. */
  readonly attempt: number;
  /** Hops the event may still take through brokers. */
  readonly hops: number;
  /** When the event was stored in the log, milliseconds since the epoch. */
  readonly storedAt: number;
  /** When the first attempt of the stage failed. */
  readonly firstFailedAt: number | undefined;
  /** In stage `dead-letter`: why the subscriber was given up. */
  readonly failure: Failure | undefined;
}

/** What is worth telling about an attempt, for timeline, journal and metrics. */
export interface AttemptNote {
  readonly destination?: string;
  /** `<namespace>/<name>` of the service posted to; absent for a plain URL. */
  readonly service?: string;
  readonly status?: number;
  /** State in which the target was found; absent for a plain URL. */
  readonly instance?: "cold" | "thawed" | "warm";
  /** How long the attempt waited for an instance, milliseconds. */
  readonly waitedMs?: number;
  /** Request sent to response complete, milliseconds. */
  readonly responseMs?: number;
  /** The reply that was stored. */
  readonly reply?: { readonly type: string; readonly handle: string };
  /** Something odd that was no failure: a 2xx with a body that is no event. */
  readonly warning?: string;
}

/**
 * What became of an attempt: accepted; to be tried again; not tried, without counting; or given up.
 * The only place where an HTTP outcome is turned into one of these is the trigger's policy.
 */
export type Verdict =
  | { readonly kind: "done"; readonly note?: AttemptNote }
  | { readonly kind: "again"; readonly notBefore: number; readonly failure: Failure; readonly note?: AttemptNote }
  | { readonly kind: "hold"; readonly reason: string; readonly notBefore: number; readonly note?: AttemptNote }
  | { readonly kind: "dead"; readonly failure: Failure; readonly note?: AttemptNote };

/**
 * Makes one attempt. Never rejects for anything that a subscriber does; a rejection is a bug and is treated like `again`.
 * When the signal aborts (this process is going down) it settles soon with `hold`.
 */
export type Deliver<R extends Route> = (delivery: Delivery<R>, signal: AbortSignal) => Promise<Verdict>;
