import { slotsOf, wantedInstances } from "./autoscaler.ts";
import type { Workload } from "./workload.ts";

/** An instance in one of its states; `edition` tells for which specification it was started. Absent: not in the list. */
export type Instance =
  | { readonly kind: "starting"; readonly id: number; readonly edition: number; readonly startedAt: number }
  | ReadyInstance
  | {
      readonly kind: "draining";
      readonly id: number;
      readonly edition: number;
      readonly readySince: number;
      readonly busy: number;
      readonly stopAt: number;
    }
  | { readonly kind: "stopping"; readonly id: number; readonly edition: number };

/** An instance that accepts connections. */
export interface ReadyInstance {
  readonly kind: "ready";
  readonly id: number;
  readonly edition: number;
  readonly startedAt: number;
  readonly readySince: number;
  /** Leases that are out. */
  readonly busy: number;
  /** Since when `busy` is 0; means nothing otherwise. */
  readonly idleSince: number;
}

/** Why the last start failed. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
  readonly at: number;
}

/** Everything that decides what happens next to one workload. Times are monotonic milliseconds. */
export interface ServingState {
  /** `quiet`: what runs still serves, but nothing is started or recycled any more. */
  readonly phase: "open" | "quiet" | "removed" | "closed";
  readonly workload: Workload;
  /** Grows with each new specification and each recycling. */
  readonly edition: number;
  readonly instances: readonly Instance[];
  /** The number of the instance that was started last. */
  readonly lastId: number;
  /** Callers that wait for a slot; who they are is the shell's business. */
  readonly waiting: number;
  /** An instance of this edition became ready since the last failure. */
  readonly proven: boolean;
  /** Failures in a row, for the back-off. */
  readonly failures: number;
  /** No start before this; -Infinity when none failed. */
  readonly backoffUntil: number;
  readonly failure: StartFailure | undefined;
  /** Files that changed under an instance while it was starting; it is recycled for them once it is ready. */
  readonly noted: readonly string[];
  readonly coldStarts: number;
  readonly startFailures: number;
}

/** A workload of which nothing runs yet. Step it once (with `alarm`) to start its minScale. */
export function absent(workload: Workload): ServingState {
  return {
    phase: "open",
    workload,
    edition: 1,
    instances: [],
    lastId: 0,
    waiting: 0,
    proven: false,
    failures: 0,
    backoffUntil: Number.NEGATIVE_INFINITY,
    failure: undefined,
    noted: [],
    coldStarts: 0,
    startFailures: 0,
  };
}

/** Field by field: rest and spread cost several times as much, and every lease steps twice. */
export function stateOf(from: ServingState): ServingState {
  return {
    phase: from.phase,
    workload: from.workload,
    edition: from.edition,
    instances: from.instances,
    lastId: from.lastId,
    waiting: from.waiting,
    proven: from.proven,
    failures: from.failures,
    backoffUntil: from.backoffUntil,
    failure: from.failure,
    noted: from.noted,
    coldStarts: from.coldStarts,
    startFailures: from.startFailures,
  };
}

/** Free slots of ready instances. */
export function freeSlots(state: ServingState): number {
  if (!isServing(state)) return 0;
  const slots = slotsOf(state.workload.concurrency);
  return state.instances.reduce((sum, it) => (it.kind === "ready" ? sum + slots - it.busy : sum), 0);
}

/** When the next `alarm` is due; undefined when nothing happens by itself. */
export function nextAlarm(state: ServingState, now: number): number | undefined {
  let next = Number.POSITIVE_INFINITY;
  const consider = (at: number) => {
    if (at > now && at < next) next = at;
  };
  for (const it of state.instances) {
    if (it.kind === "ready" && it.busy === 0) consider(it.idleSince + state.workload.idleMs);
    if (it.kind === "draining") consider(it.stopAt);
  }
  if (state.phase === "open" && want(state) > current(state)) consider(state.backoffUntil);
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

/** How many instances there should be. */
export function want(state: ServingState): number {
  const { concurrency, minScale, maxScale } = state.workload;
  const busy = state.instances.reduce((sum, it) => (it.kind === "ready" ? sum + it.busy : sum), 0);
  return wantedInstances({ busy, waiting: state.waiting, concurrency, minScale, maxScale });
}

/** Whether leases are given. */
export function isServing({ phase }: ServingState): boolean {
  return phase === "open" || phase === "quiet";
}

/** Instances of this edition that serve or will. */
export function current(state: ServingState): number {
  return state.instances.filter((it) => it.edition === state.edition && (it.kind === "ready" || it.kind === "starting"))
    .length;
}

/** Instances in one of the states. */
export function count(state: ServingState, kind: Instance["kind"]): number {
  return state.instances.filter((it) => it.kind === kind).length;
}
