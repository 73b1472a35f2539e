import type { CloudEvent } from "@rouse/events";
import type { SourceTrouble } from "./source.ts";

/** What became of an event that was to leave for a message broker. */
export type SendAnswer =
  /** The message broker has it, on all the replicas that it promises. */
  | { readonly kind: "stored" }
  /** This event can never be taken as it is (too large for the topic): repeating is useless. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Not now: the connection is away, or something is wrong that an operator can mend. Repeat after the delay. */
  | { readonly kind: "unavailable"; readonly reason: string; readonly retryAfterMs: number };

/** How an outlet does at this moment. */
export interface OutletStatus {
  /** False before the first event is sent, and after trouble until a connection stands again. */
  readonly connected: boolean;
  readonly trouble: SourceTrouble | undefined;
}

/**
 * The way out to a message broker: a KafkaSink or a RabbitmqSink. Connects when the first event is sent, and again after
 * a connection broke. Whoever made it disposes it once; disposing waits, within a bound, for what was sent, closes the
 * connection and answers everything later with `unavailable`.
 */
export interface Outlet extends AsyncDisposable {
  /** Never rejects, and answers within a bound. After `unavailable` the event may have been stored nevertheless. */
  send(event: CloudEvent): Promise<SendAnswer>;
  /** Cheap, computed when asked. */
  status(): OutletStatus;
}
