import type { CloudEvent } from "@rouse/events";

/** The delivery that a reply came from; it is also the reply's identity, whatever id and source the reply has. */
export interface ReplyCause {
  readonly namespace: string;
  readonly broker: string;
  readonly sequence: number;
  readonly triggerUid: string;
  /** Hops that the event delivered could still take. */
  readonly hops: number;
}

/** What became of a reply. */
export type ReplyResult =
  | { readonly kind: "stored"; readonly handle: string }
  /** It can never be stored (too large, too many hops); whoever refused it has written a dead record. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It could not be stored now: the delivery is repeated. */
  | { readonly kind: "unavailable"; readonly reason: string };

/** Where replies go. Resolves once the reply is stored; the delivery is not done before. */
export interface Replies {
  append(event: CloudEvent, cause: ReplyCause): Promise<ReplyResult>;
}
