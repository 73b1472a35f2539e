import type { RetryPolicy, Subscription } from "./subscription.ts";

/** A policy of three retries without surprises. */
export const samplePolicy: RetryPolicy = {
  retry: 3,
  backoffPolicy: "exponential",
  backoffDelayMs: 200,
  backoffCapMs: 300_000,
  timeoutMs: 600_000,
  retryAfterMaxMs: 300_000,
  format: undefined,
};

/** A subscription that takes everything, with these fields in place of the usual ones. */
export function sampleSubscription(fields: Partial<Subscription> = {}): Subscription {
  return {
    uid: "uid-1",
    namespace: "default",
    broker: "default",
    name: "sample",
    generation: 1,
    fromSequence: 0,
    paused: false,
    filter: { kind: "everything" },
    subscriber: { kind: "url", url: "http://127.0.0.1:1/" },
    deadLetterSink: undefined,
    policy: samplePolicy,
    breaker: undefined,
    maxInFlight: 64,
    discardReplies: false,
    ...fields,
  };
}
