import type { Workload } from "../workload.ts";
import { mostOf, slotsOf } from "./autoscaler.ts";
import type { Expectation } from "./expectations.ts";
import { type Load, noLoad } from "./load.ts";
import type { Peak } from "./wanted-window.ts";

/** An instance in one of its states; `edition` tells for which specification it was started. Absent: not in the list. */
export type Instance =
  | { readonly kind: "starting"; readonly id: number; readonly edition: number; readonly startedAt: number }
  | ReadyInstance
  | RestingInstance
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
  /** 0: it is too old, and goes when another one is ready. */
  readonly edition: number;
  readonly startedAt: number;
  readonly readySince: number;
  /** Leases that are out. */
  readonly busy: number;
  /** Since when `busy` is 0; means nothing otherwise. */
  readonly idleSince: number;
  /** Since when it is not frozen; Infinity when it could not be, and is not tried again. */
  readonly warmSince: number;
}

/** An instance without leases that is frozen, or about to be, or about to go on. */
export interface RestingInstance {
  readonly kind: "freezing" | "frozen" | "thawing";
  readonly id: number;
  readonly edition: number;
  readonly startedAt: number;
  readonly readySince: number;
  readonly idleSince: number;
}

/** Why the last start failed. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
  readonly at: number;
  /** The first failure in a row. */
  readonly since: number;
}

/** Why an instance has no place, and until when none is asked for. */
export interface NoPlace {
  readonly reason: string;
  readonly message: string;
  readonly until: number;
}

/** Everything that decides what happens next to one workload. Times are monotonic milliseconds. */
export interface ServingState {
  /** `quiet`: what runs still serves, but nothing is started, frozen or recycled any more. */
  readonly phase: "open" | "quiet" | "removed" | "closed";
  readonly workload: Workload;
  /** Grows with each new specification and each recycling. */
  readonly edition: number;
  readonly instances: readonly Instance[];
  /** The number of the instance that was started last. */
  readonly lastId: number;
  /** Callers that wait for a slot; who they are is the shell's business. */
  readonly waiting: number;
  /** Events that wait in lanes, as last told. */
  readonly backlog: number;
  /** Instances that are kept here of the minimum over all; undefined until told: all of them. */
  readonly floor: number | undefined;
  readonly load: Load;
  /** Instances that there should be. */
  readonly wanted: number;
  /** Higher numbers that were wanted lately. */
  readonly peaks: readonly Peak[];
  /** The soonest first. */
  readonly expectations: readonly Expectation[];
  /** An instance of this edition became ready since the last failure. */
  readonly proven: boolean;
  /** Failures in a row, for the back-off. */
  readonly failures: number;
  /** No start before this; -Infinity when none failed. */
  readonly backoffUntil: number;
  readonly failure: StartFailure | undefined;
  /** Set while the last start had no place. */
  readonly noPlace: NoPlace | undefined;
  /** Files that changed under an instance while it was starting; it is recycled for them once it is ready. */
  readonly noted: readonly string[];
  readonly coldStarts: number;
  /** Starts that were begun ahead of an expected event. */
  readonly prewarmed: number;
  readonly startFailures: number;
  /** The same by their reasons. */
  readonly failuresByCause: Readonly<Record<string, number>>;
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
    backlog: 0,
    floor: undefined,
    load: noLoad,
    wanted: 0,
    peaks: [],
    expectations: [],
    proven: false,
    failures: 0,
    backoffUntil: Number.NEGATIVE_INFINITY,
    failure: undefined,
    noPlace: undefined,
    noted: [],
    coldStarts: 0,
    prewarmed: 0,
    startFailures: 0,
    failuresByCause: {},
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
    backlog: from.backlog,
    floor: from.floor,
    load: from.load,
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
  };
}

/** Free slots of ready instances. */
export function freeSlots(state: ServingState): number {
  if (!isServing(state)) return 0;
  const slots = slotsOf(state.workload.concurrency);
  let free = 0;
  for (const it of state.instances) if (it.kind === "ready") free += slots - it.busy;
  return free;
}

/** How many instances there should be. */
export function want(state: ServingState): number {
  return state.wanted;
}

/** How many instances are kept here though there is nothing to do. */
export function floorOf({ floor, workload }: ServingState): number {
  const told = floor === undefined ? workload.minScale : Math.min(floor, workload.minScale);
  return Math.min(told, mostOf(workload.maxScale));
}

/** Whether leases are given. */
export function isServing({ phase }: ServingState): boolean {
  return phase === "open" || phase === "quiet";
}

/** No start before this. */
export function blockedUntil({ backoffUntil, noPlace }: ServingState): number {
  return noPlace === undefined ? backoffUntil : Math.max(backoffUntil, noPlace.until);
}

/** Instances in one of the states. */
export function count(state: ServingState, kind: Instance["kind"]): number {
  let sum = 0;
  for (const it of state.instances) if (it.kind === kind) sum++;
  return sum;
}

/** The instances that serve or will, by their states. */
export interface Tally {
  /** Of this edition, as all that follow but `outdated`. */
  ready: number;
  starting: number;
  freezing: number;
  frozen: number;
  thawing: number;
  /** Ready, of another edition. */
  outdated: number;
  /** Leases that are out, of all that are ready. */
  busy: number;
  /** Leases that are out, of those that drain. */
  draining: number;
}

/** Counts the instances. */
export function tallyOf({ instances, edition }: ServingState): Tally {
  const tally = { ready: 0, starting: 0, freezing: 0, frozen: 0, thawing: 0, outdated: 0, busy: 0, draining: 0 };
  for (const it of instances) {
    if (it.kind === "ready") {
      if (it.edition === edition) tally.ready++;
      else tally.outdated++;
      tally.busy += it.busy;
    } else if (it.kind === "draining") tally.draining += it.busy;
    else if (it.kind !== "stopping" && it.edition === edition) tally[it.kind]++;
  }
  return tally;
}

/** Instances of this edition that serve or will. */
export function current(tally: Tally): number {
  return tally.ready + tally.starting + tally.freezing + tally.frozen + tally.thawing;
}
