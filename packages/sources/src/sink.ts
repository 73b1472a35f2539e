import type { CloudEvent } from "@rouse/events";

/** What became of an event that a source handed over. */
export type SinkAnswer =
  | { readonly kind: "stored"; readonly duplicate: boolean; readonly handle: string }
  /** The event can never be stored as it is (too large, invalid): repeating is useless. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Not now (storage away, broker missing, under pressure): repeat after the delay. */
  | { readonly kind: "unavailable"; readonly reason: string; readonly retryAfterMs: number };

/**
 * Where a source's events go: the ingress of its broker, in process, or the internal log when the sink is no broker.
 * Resolves only after the event is stored (promise 8). `messageId` makes repeats one event.
 */
export interface Sink {
  append(event: CloudEvent, messageId: string): Promise<SinkAnswer>;
  /** Ids of the events of this source stored since `time` (milliseconds), to find out what a crash left done. */
  idsSince(source: string, time: number): Promise<ReadonlySet<string>>;
}
