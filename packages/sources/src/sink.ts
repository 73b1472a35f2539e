import type { CloudEvent } from "@rouse/events";

/** What became of an event that a source handed over. */
export type SinkAnswer =
  | { readonly kind: "stored"; readonly duplicate: boolean; readonly handle: string }
  /** The event can never be stored as it is (too large, invalid): repeating is useless. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Not now (storage away, broker missing, under pressure): repeat after the delay. */
  | { readonly kind: "unavailable"; readonly reason: string; readonly retryAfterMs: number };

/** Something from outside that can never become a stored event: what is kept of it is a dead record under the source. */
export interface Undeliverable {
  /** Why, as one stable word: `event-invalid`, `event-too-large`, `event-refused`. */
  readonly reason: string;
  /** Why, for people. */
  readonly message: string;
  /** Where it came from, in the words of its protocol: `{ topic, partition, offset }`, `{ queue, messageId }`. */
  readonly origin: Readonly<Record<string, string | number>>;
  /** Set when it is an event that was refused as one. */
  readonly event: CloudEvent | undefined;
  /** The bytes as they came, when there is no event. */
  readonly raw: Uint8Array | undefined;
}

/** What became of an {@link Undeliverable}. */
export type BuryAnswer =
  | { readonly kind: "stored"; readonly duplicate: boolean }
  | { readonly kind: "unavailable"; readonly reason: string; readonly retryAfterMs: number };

/**
 * Where a source's events go: the ingress of its broker, in process, or the internal log when the sink is no broker.
 * Resolves only after the event is stored (promise 8). `messageId` makes repeats one event.
 */
export interface Sink {
  append(event: CloudEvent, messageId: string): Promise<SinkAnswer>;
  /**
   * Stores a dead record under the source, once for each `messageId`; only after it is stored may the outside be told
   * that the original is done with (promise 3). Never refuses: what is too large is recorded without its bytes.
   */
  bury(what: Undeliverable, messageId: string): Promise<BuryAnswer>;
  /** Ids of the events of this source stored since `time` (milliseconds), to find out what a crash left done. */
  idsSince(source: string, time: number): Promise<ReadonlySet<string>>;
}
