import type { Workload } from "../workload.ts";
import { elapsed, type LoadDraft } from "./load.ts";
import type { Instance, ServingState } from "./serving-state.ts";

/** What happened. `chance` is a number in [0, 1) from the caller, which spreads a back-off. */
export type Input =
  | { readonly kind: "acquire" }
  | { readonly kind: "abandoned" }
  | { readonly kind: "released"; readonly id: number }
  | { readonly kind: "listening"; readonly id: number; readonly startMs: number }
  | {
      readonly kind: "refused";
      readonly id: number;
      readonly reason: string;
      readonly message: string;
      readonly chance: number;
    }
  | {
      readonly kind: "timed-out";
      readonly id: number;
      /** Where more is known than when it was, such as OutOfMemory. */
      readonly reason?: string;
      readonly message: string;
      readonly chance: number;
    }
  | {
      readonly kind: "exited";
      readonly id: number;
      readonly message: string;
      /** Why, in one CamelCase word, where its state does not say it: `OutOfMemory`. */
      readonly reason?: string;
      readonly chance: number;
    }
  /** It was not begun to start, through no fault of its own: all slots are taken by others, or no machine can run it. */
  | {
      readonly kind: "unplaced";
      readonly id: number;
      readonly reason: string;
      readonly message: string;
      readonly retryAfterMs: number;
    }
  /** The instance that was to be frozen is; `message` tells why it is not. */
  | { readonly kind: "frozen"; readonly id: number; readonly message?: string }
  /** The instance that was to go on does. One that cannot is stopped by whoever finds that, and exits. */
  | { readonly kind: "thawed"; readonly id: number }
  /** Events that wait in lanes. */
  | { readonly kind: "backlog"; readonly count: number }
  /** An event is expected at this time; `leadMs` ahead of it an instance is started or thawed. */
  | { readonly kind: "expected"; readonly at: number; readonly leadMs: number }
  /** How many instances this process is to keep, of the minimum over all. */
  | { readonly kind: "floor"; readonly count: number }
  | { readonly kind: "alarm" }
  | { readonly kind: "wake" }
  | { readonly kind: "configured"; readonly workload: Workload }
  /** Files changed, the last of them at `changedAt`. */
  | { readonly kind: "recycle"; readonly paths: readonly string[]; readonly changedAt: number }
  | { readonly kind: "quiet" }
  | { readonly kind: "removed" }
  | { readonly kind: "closed" };

/** What is to be done about it. */
export type Effect =
  /** `leaving`: those that are ending, or will once this one is ready. */
  | { readonly kind: "start"; readonly id: number; readonly leaving: readonly number[] }
  | { readonly kind: "stop"; readonly id: number }
  | { readonly kind: "freeze"; readonly id: number }
  | { readonly kind: "thaw"; readonly id: number }
  /** The caller that waits longest gets a slot of this instance. */
  | { readonly kind: "grant"; readonly id: number; readonly fresh: "cold" | "thawed" | undefined }
  /** All who wait are told to come back later; `failing`: because it cannot be started. */
  | { readonly kind: "hold"; readonly reason: string; readonly retryAfterMs: number; readonly failing: boolean }
  /** Changed files made instances be replaced, or a failed start be tried anew. */
  | { readonly kind: "recycled"; readonly paths: readonly string[] }
  /** Files changed while an instance was starting. */
  | { readonly kind: "noted"; readonly paths: readonly string[] }
  | {
      readonly kind: "change";
      readonly id: number;
      readonly change: "starting" | "ready" | "idle" | "frozen" | "thawed" | "stopped" | "failed";
      readonly message: string;
      readonly startMs?: number;
      /** With `failed`, and with `stopped` where there was no place: one CamelCase word. */
      readonly reason?: string;
    };

/** What a step works on: the next state in the making, and its effects. */
export type Draft = { -readonly [K in keyof Omit<ServingState, "load">]: ServingState[K] } & {
  load: LoadDraft;
  effects: Effect[];
  fresh: "cold" | "thawed" | undefined;
  woken: boolean;
};

/** A draft of what follows from a state; field by field, see `stateOf`. */
export function draftOf(from: ServingState, woken: boolean, now: number): Draft {
  return {
    phase: from.phase,
    workload: from.workload,
    edition: from.edition,
    instances: from.instances,
    lastId: from.lastId,
    waiting: from.waiting,
    backlog: from.backlog,
    floor: from.floor,
    load: elapsed(from.load, now),
    wanted: from.wanted,
    peaks: from.peaks,
    expectations: from.expectations,
    proven: from.proven,
    failures: from.failures,
    backoffUntil: from.backoffUntil,
    failure: from.failure,
    noPlace: from.noPlace,
    noted: from.noted,
    coldStarts: from.coldStarts,
    prewarmed: from.prewarmed,
    startFailures: from.startFailures,
    failuresByCause: from.failuresByCause,
    effects: [],
    fresh: undefined,
    woken,
  };
}

/** Tells all who wait to come back later. */
export function holdAll(draft: Draft, reason: string, retryAfterMs: number, failing = false): void {
  if (draft.waiting > 0) draft.effects.push({ kind: "hold", reason, retryAfterMs, failing });
  draft.waiting = 0;
}

/** The instance of a number, when it has not ended. */
export function find(draft: Draft, id: number): Instance | undefined {
  for (const it of draft.instances) if (it.id === id) return it;
  return undefined;
}

/** Puts an instance into its next state. */
export function replace(draft: Draft, next: Instance): void {
  const instances = draft.instances.slice();
  for (let n = 0; n < instances.length; n++) if (instances[n]?.id === next.id) instances[n] = next;
  draft.instances = instances;
}
