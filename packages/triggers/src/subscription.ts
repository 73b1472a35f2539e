import type { Filter } from "./filter/filter.ts";
import type { Target } from "./target.ts";

/** When and how often a failed attempt is repeated; every field is resolved, nothing is left to defaults. */
export interface RetryPolicy {
  /** Retries after the first attempt. */
  readonly retry: number;
  readonly backoffPolicy: "linear" | "exponential";
  readonly backoffDelayMs: number;
  /** Default PT5M. */
  readonly backoffCapMs: number;
  /** The longest one attempt may take; default PT10M. */
  readonly timeoutMs: number;
  /** Honours Retry-After on 429 and 503 up to this; 0 ignores the header. */
  readonly retryAfterMaxMs: number;
  /** Encoding forced on delivery; undefined: as received (binary unless structured was sent). */
  readonly format: "json" | "binary" | undefined;
}

/** A trigger as delivery sees it: what the server's reconciler makes of a Trigger and its Broker. */
export interface Subscription {
  readonly uid: string;
  readonly namespace: string;
  readonly broker: string;
  readonly name: string;
  readonly generation: number;
  readonly fromSequence: number;
  readonly paused: boolean;
  readonly filter: Filter;
  readonly subscriber: Target;
  readonly deadLetterSink: Target | undefined;
  readonly policy: RetryPolicy;
  /**
   * Holds deliveries while the target is down, at most `holdMaxMs` (default PT1H) without counting attempts;
   * undefined: off, every failed attempt counts.
   */
  readonly breaker: { readonly holdMaxMs: number } | undefined;
  readonly maxInFlight: number;
  /** Set for the implicit trigger of a source whose sink is no broker: replies are discarded. */
  readonly discardReplies: boolean;
  /** Sent with every request to the subscriber, never to the dead-letter sink; made by {@link deliveryHeaders}. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
