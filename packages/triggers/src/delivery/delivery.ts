import type { CloudEvent } from "@rouse/events";
import type { TriggerRoute } from "../matcher.ts";

/** Why an attempt failed, as the dead-letter sink and people are told. */
export interface Failure {
  /**
   * A stable word. Of an attempt: `status`, `timeout`, `transport`, `reply-invalid`, `reply-not-stored`,
   * `service-cannot-start`; of what was given up: `refused`, `retries-exhausted`, `service-cannot-start`,
   * `no-dead-letter-sink`.
   */
  readonly reason: string;
  /** One sentence. */
  readonly message: string;
  /** The URL posted to, without credentials. */
  readonly destination?: string;
  /** HTTP status; 500 when there was no response. */
  readonly status?: number;
  /** Beginning of the response body, or of what a service that cannot start says; at most 1,024 bytes. */
  readonly body?: Uint8Array;
  /** How many attempts were made, when that is known. */
  readonly attempts?: number;
}

/** One event on its way to one trigger. */
export interface Delivery {
  readonly namespace: string;
  readonly broker: string;
  /** Sequence in the broker's log. */
  readonly sequence: number;
  readonly event: CloudEvent;
  readonly route: TriggerRoute;
  /** `dead-letter`: the subscriber is given up, this goes to the dead-letter sink; attempts count anew. */
  readonly stage: "subscriber" | "dead-letter";
  /** 1 for the first attempt of the stage. */
  readonly attempt: number;
  /** Hops the event may still take through brokers. */
  readonly hops: number;
  /** When the event was stored in the log, milliseconds since the epoch. */
  readonly storedAt: number;
  readonly firstFailedAt: number | undefined;
  /** In stage `dead-letter`: why the subscriber was given up. */
  readonly failure: Failure | undefined;
}

/** What is worth telling about an attempt. */
export interface AttemptNote {
  /** The URL posted to, without credentials. */
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
  /** Something odd that was no failure. */
  readonly warning?: string;
}

/** What became of an attempt; `notBefore` is milliseconds since the epoch. */
export type Verdict =
  /** Accepted; a reply, if there was one, is stored. */
  | { readonly kind: "done"; readonly note?: AttemptNote }
  /** Failed; to be tried again as the next attempt. */
  | { readonly kind: "again"; readonly notBefore: number; readonly failure: Failure; readonly note?: AttemptNote }
  /** To be tried again as the same attempt. */
  | { readonly kind: "hold"; readonly reason: string; readonly notBefore: number; readonly note?: AttemptNote }
  /** Given up. */
  | { readonly kind: "dead"; readonly failure: Failure; readonly note?: AttemptNote };
