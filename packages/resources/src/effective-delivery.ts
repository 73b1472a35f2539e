import { attemptTimeoutMs, backoffCapMs, defaultDelivery } from "./delivery-defaults.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import { parseDuration } from "./duration.ts";
import { notAdmitted } from "./errors.ts";

/** A delivery with nothing left to defaults; times in milliseconds. */
export interface EffectiveDelivery {
  readonly retry: number;
  readonly backoffPolicy: "linear" | "exponential";
  readonly backoffDelayMs: number;
  /** PT5M, or the delay itself where that is longer. */
  readonly backoffCapMs: number;
  /** Default PT10M. */
  readonly timeoutMs: number;
  /** Default: the cap. 0 ignores Retry-After. */
  readonly retryAfterMaxMs: number;
  /** Undefined: as received. */
  readonly format: "json" | "binary" | undefined;
  readonly deadLetterSink: Destination | undefined;
}

/** An object whose specification may say how deliveries are made: Trigger, Broker, KafkaSource. */
interface WithDelivery {
  readonly spec: { readonly delivery?: DeliverySpec | undefined };
}

/**
 * The delivery of a trigger or a source: its own field, else the Broker's, else the default; field by field, so that
 * `delivery: {retry: 3}` on a Trigger keeps the Broker's dead-letter sink. Both objects must have been admitted.
 * @throws ResourceFault RESOURCE_NOT_ADMITTED when a duration cannot be read.
 */
export function effectiveDelivery(trigger?: WithDelivery, broker?: WithDelivery): EffectiveDelivery {
  const own: DeliverySpec = trigger?.spec.delivery ?? {};
  const shared: DeliverySpec = broker?.spec.delivery ?? {};
  const ms = (field: "backoffDelay" | "timeout" | "retryAfterMax", fallback: number) =>
    milliseconds(own[field] ?? shared[field], `spec.delivery.${field}`, fallback);
  const backoffDelayMs = ms("backoffDelay", 200);
  const capMs = Math.max(backoffCapMs, backoffDelayMs);
  return {
    retry: own.retry ?? shared.retry ?? defaultDelivery.retry,
    backoffPolicy: own.backoffPolicy ?? shared.backoffPolicy ?? defaultDelivery.backoffPolicy,
    backoffDelayMs,
    backoffCapMs: capMs,
    timeoutMs: ms("timeout", attemptTimeoutMs),
    retryAfterMaxMs: ms("retryAfterMax", capMs),
    format: own.format ?? shared.format,
    deadLetterSink: own.deadLetterSink ?? shared.deadLetterSink,
  };
}

function milliseconds(text: string | undefined, path: string, fallback: number): number {
  if (text === undefined) return fallback;
  const read = parseDuration(text);
  if (read.kind === "invalid") throw notAdmitted(path, read.expected, text);
  return read.ms;
}
