import type { CloudEvent } from "@rouse/events";
import type { AttemptNote, Failure } from "./delivery.ts";

/** Which event an entry is about. */
export interface JournalSubject {
  readonly namespace: string;
  readonly broker: string;
  readonly sequence: number;
}

/**
 * One thing that happened to one event. `trigger` and `matched` are names (a uid where the trigger is gone, empty where
 * there is none). `routed` may come before `stored`: the log hands an event out while its writer is still being answered.
 */
export type JournalEntry = JournalSubject & { readonly at: number } & (
    | { readonly kind: "stored"; readonly event: CloudEvent; readonly duplicate: boolean }
    | { readonly kind: "routed"; readonly event: CloudEvent; readonly matched: readonly string[] }
    | { readonly kind: "waiting"; readonly trigger: string; readonly reason: string }
    | {
        readonly kind: "attempt";
        readonly trigger: string;
        readonly stage: "subscriber" | "dead-letter";
        readonly attempt: number;
        readonly verdict: "done" | "again" | "hold" | "dead";
        readonly failure?: Failure;
        /** With verdict `hold`: what is waited for. */
        readonly reason?: string;
        readonly notBefore?: number;
        readonly note?: AttemptNote;
      }
    | { readonly kind: "dead"; readonly trigger: string; readonly reason: string; readonly message: string }
  );

/** Told of everything that happens; must be cheap and must not throw. */
export type Journal = (entry: JournalEntry) => void;
