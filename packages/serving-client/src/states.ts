import { backoffDelayMs } from "@rouse/base";
import { slotsOf, startsAllowed, wantedInstances } from "./autoscaler.ts";
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
  | { readonly kind: "timed-out"; readonly id: number; readonly message: string; readonly chance: number }
  | { readonly kind: "exited"; readonly id: number; readonly message: string; readonly chance: number }
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
  | { readonly kind: "start"; readonly id: number }
  | { readonly kind: "stop"; readonly id: number }
  /** The caller that waits longest gets a slot of this instance. */
  | { readonly kind: "grant"; readonly id: number; readonly fresh: boolean }
  /** All who wait are told to come back later. */
  | { readonly kind: "hold"; readonly reason: string; readonly retryAfterMs: number }
  /** Changed files made instances be replaced, or a failed start be tried anew. */
  | { readonly kind: "recycled"; readonly paths: readonly string[] }
  /** Files changed while an instance was starting. */
  | { readonly kind: "noted"; readonly paths: readonly string[] }
  | {
      readonly kind: "change";
      readonly id: number;
      readonly change: "starting" | "ready" | "idle" | "stopped" | "failed";
      readonly message: string;
      readonly startMs?: number;
    };

/** An instance that exits sooner than this after it became ready counts as a failed start. */
const settledMs = 10_000;
/** An instance that was ready this long clears the count of failures. */
const forgivenMs = 60_000;
const crashBackoff = { policy: "exponential", delayMs: 1_000, capMs: 60_000, jitter: 0.2 } as const;
const closedRetryMs = 1_000;
const closingReason = "the serving client is closing";

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

/** What a step works on: the next state in the making, and its effects. */
type Draft = { -readonly [K in keyof ServingState]: ServingState[K] } & {
  effects: Effect[];
  fresh: boolean;
  woken: boolean;
};

/** The life of a workload: pure, so that the same code runs in production, in tests and in simulations. */
export function step(
  state: ServingState,
  input: Input,
  now: number,
): { readonly state: ServingState; readonly effects: readonly Effect[] } {
  const draft: Draft = Object.assign(stateOf(state), { effects: [], fresh: false, woken: input.kind === "wake" });
  apply(draft, input, now);
  if (isServing(draft)) serve(draft, now);
  else holdAll(draft, draft.phase === "removed" ? "the service was removed" : closingReason, closedRetryMs);
  stopDrained(draft, now);
  return { state: stateOf(draft), effects: draft.effects };
}

/** Field by field: rest and spread cost several times as much, and every lease steps twice. */
function stateOf(from: ServingState): ServingState {
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

function apply(draft: Draft, input: Input, now: number): void {
  switch (input.kind) {
    case "acquire":
      draft.waiting++;
      return;
    case "abandoned":
      draft.waiting = Math.max(0, draft.waiting - 1);
      return;
    case "released":
      released(draft, input.id, now);
      return;
    case "listening":
      listening(draft, input.id, input.startMs, now);
      // Who waited that long is served first: with a file that changes all the time nobody would ever be.
      if (draft.noted.length > 0) grantSlots(draft);
      takeUpNoted(draft, now);
      return;
    case "refused":
    case "timed-out":
    case "exited":
      ended(draft, input, now);
      takeUpNoted(draft, now);
      return;
    case "configured":
      configured(draft, input.workload, now);
      return;
    case "recycle":
      filesChanged(draft, input.paths, input.changedAt, now);
      return;
    case "quiet":
      if (draft.phase === "open") draft.phase = "quiet";
      draft.noted = [];
      return;
    case "removed":
    case "closed":
      draft.phase = input.kind;
      draft.noted = [];
      for (const it of draft.instances) retire(draft, it, now, input.kind === "closed");
      return;
    case "alarm":
    case "wake":
      return;
    default: {
      const unknown: never = input;
      throw new TypeError(`unknown input ${unknown}`);
    }
  }
}

/** Hands out slots, holds who cannot be served, and moves the number of instances towards what is wanted. */
function serve(draft: Draft, now: number): void {
  grantSlots(draft);
  if (draft.phase === "open") scaleOut(draft, now);
  const hopeless = !draft.instances.some((it) => it.kind === "ready" || it.kind === "starting");
  if (hopeless && draft.phase === "quiet") holdAll(draft, closingReason, closedRetryMs);
  else if (hopeless) {
    const reason = draft.failure?.message ?? "no instance may be started";
    holdAll(draft, reason, Math.max(1, Math.ceil(draft.backoffUntil - now)));
  }
  scaleIn(draft, now);
}

function grantSlots(draft: Draft): void {
  while (draft.waiting > 0) {
    const instance = fullestFree(draft);
    if (!instance) return;
    draft.waiting--;
    replace(draft, { ...instance, busy: instance.busy + 1 });
    draft.effects.push({ kind: "grant", id: instance.id, fresh: draft.fresh });
  }
}

function scaleOut(draft: Draft, now: number): void {
  if (now < draft.backoffUntil) return;
  const missing = Math.max(want(draft), draft.woken ? 1 : 0) - current(draft);
  const starting = count(draft, "starting");
  const starts = Math.min(missing, startsAllowed(current(draft) - starting, starting, draft.proven));
  for (let n = 0; n < starts; n++) {
    const id = ++draft.lastId;
    draft.instances = [...draft.instances, { kind: "starting", id, edition: draft.edition, startedAt: now }];
    draft.effects.push({ kind: "start", id }, { kind: "change", id, change: "starting", message: "is being started" });
  }
}

function scaleIn(draft: Draft, now: number): void {
  const { idleMs, minScale } = draft.workload;
  let spare = count(draft, "ready") + count(draft, "starting") - Math.max(minScale, want(draft));
  for (const it of draft.instances) {
    if (spare <= 0) return;
    if (it.kind !== "ready" || it.busy > 0 || it.idleSince + idleMs > now) continue;
    draft.effects.push({ kind: "change", id: it.id, change: "idle", message: `had nothing to do for ${idleMs} ms` });
    stop(draft, it);
    spare--;
  }
}

/** The fullest ready instance with a free slot: the others may then become idle. */
function fullestFree(draft: Draft): ReadyInstance | undefined {
  const slots = slotsOf(draft.workload.concurrency);
  let best: ReadyInstance | undefined;
  for (const it of draft.instances) {
    if (it.kind === "ready" && it.busy < slots && (!best || it.busy > best.busy)) best = it;
  }
  return best;
}

function released(draft: Draft, id: number, now: number): void {
  const it = find(draft, id);
  if (it?.kind === "ready") replace(draft, { ...it, busy: it.busy - 1, idleSince: now });
  if (it?.kind === "draining") replace(draft, { ...it, busy: it.busy - 1 });
}

function listening(draft: Draft, id: number, startMs: number, now: number): void {
  const it = find(draft, id);
  if (it?.kind !== "starting") return;
  if (!draft.instances.some((other) => other.kind === "ready")) draft.coldStarts++;
  const { edition, startedAt } = it;
  replace(draft, { kind: "ready", id, edition, startedAt, readySince: now, busy: 0, idleSince: now });
  draft.proven = true;
  draft.fresh = true;
  draft.failure = undefined;
  draft.effects.push({ kind: "change", id, change: "ready", message: "accepts connections", startMs });
  for (const other of draft.instances) if (other.edition !== it.edition) retire(draft, other, now, false);
}

function ended(draft: Draft, input: Extract<Input, { kind: "refused" | "timed-out" | "exited" }>, now: number): void {
  const it = find(draft, input.id);
  if (!it) return;
  if (input.kind === "timed-out") {
    if (it.kind !== "starting") return;
    stop(draft, it);
  } else draft.instances = draft.instances.filter((other) => other.id !== it.id);
  if (it.kind === "stopping") {
    draft.effects.push({ kind: "change", id: it.id, change: "stopped", message: input.message });
    return;
  }
  const readyMs = it.kind === "starting" ? 0 : now - it.readySince;
  draft.effects.push({ kind: "change", id: it.id, change: "failed", message: input.message });
  if (readyMs >= settledMs) {
    if (readyMs >= forgivenMs) draft.failures = 0;
    return;
  }
  // An instance of an edition that is being replaced says nothing about the new one.
  if (it.edition !== draft.edition || draft.phase !== "open") return;
  if (draft.instances.some((other) => other.kind === "ready" && now - other.readySince >= forgivenMs))
    draft.failures = 0;
  draft.failures++;
  draft.startFailures++;
  draft.proven = false;
  draft.backoffUntil = now + backoffDelayMs(crashBackoff, draft.failures, () => input.chance);
  draft.failure = { reason: reasonOf(input, it), message: input.message, at: now };
}

function reasonOf(input: Extract<Input, { kind: "refused" | "timed-out" | "exited" }>, it: Instance): string {
  if (input.kind === "refused") return input.reason;
  if (input.kind === "timed-out") return "StartTimeout";
  return it.kind === "starting" ? "ExitedBeforeReady" : "ExitedSoonAfterReady";
}

function configured(draft: Draft, workload: Workload, now: number): void {
  const same = isServing(draft) && workload.generation === draft.workload.generation;
  draft.workload = workload;
  if (draft.phase === "quiet") return;
  draft.phase = "open";
  if (!same) renew(draft, now);
}

/** A new edition: what is idle or not yet ready goes at once, what is busy stays until the new one can serve. */
function renew(draft: Draft, now: number): void {
  draft.edition++;
  draft.failures = 0;
  draft.backoffUntil = Number.NEGATIVE_INFINITY;
  draft.failure = undefined;
  draft.proven = false;
  draft.noted = [];
  for (const it of draft.instances) if (it.kind !== "ready" || it.busy === 0) retire(draft, it, now, false);
}

/** An instance that has not become ready is left alone: a file that keeps changing would keep it from ever being so. */
function filesChanged(draft: Draft, paths: readonly string[], changedAt: number, now: number): void {
  if (draft.phase !== "open") return;
  const serving = draft.instances.filter((it) => it.kind === "ready" || it.kind === "starting");
  const isNewer = (it: { readonly startedAt: number }) => it.startedAt > changedAt;
  if (serving.length > 0 && serving.every(isNewer)) return;
  if (serving.some((it) => it.kind === "starting")) {
    draft.noted = [...new Set([...draft.noted, ...paths])];
    draft.effects.push({ kind: "noted", paths });
  } else recycle(draft, paths, now);
}

function takeUpNoted(draft: Draft, now: number): void {
  if (draft.noted.length > 0 && count(draft, "starting") === 0) recycle(draft, draft.noted, now);
}

function recycle(draft: Draft, paths: readonly string[], now: number): void {
  if (draft.failures > 0 || draft.instances.some((it) => it.kind === "ready"))
    draft.effects.push({ kind: "recycled", paths });
  renew(draft, now);
}

/** Takes no new leases any more; is stopped when its leases are back, or at once when asked. */
function retire(draft: Draft, it: Instance, now: number, atOnce: boolean): void {
  if (it.kind === "stopping") return;
  const busy = it.kind === "starting" ? 0 : it.busy;
  if (atOnce || busy === 0) {
    stop(draft, it);
    return;
  }
  if (it.kind !== "ready") return;
  const stopAt = now + draft.workload.requestTimeoutMs;
  replace(draft, { kind: "draining", id: it.id, edition: it.edition, readySince: it.readySince, busy, stopAt });
}

function stopDrained(draft: Draft, now: number): void {
  for (const it of draft.instances) {
    if (it.kind === "draining" && (it.busy === 0 || it.stopAt <= now)) stop(draft, it);
  }
}

function stop(draft: Draft, it: Instance): void {
  replace(draft, { kind: "stopping", id: it.id, edition: it.edition });
  draft.effects.push({ kind: "stop", id: it.id });
}

function holdAll(draft: Draft, reason: string, retryAfterMs: number): void {
  if (draft.waiting > 0) draft.effects.push({ kind: "hold", reason, retryAfterMs });
  draft.waiting = 0;
}

function want(state: ServingState): number {
  const { concurrency, minScale, maxScale } = state.workload;
  const busy = state.instances.reduce((sum, it) => (it.kind === "ready" ? sum + it.busy : sum), 0);
  return wantedInstances({ busy, waiting: state.waiting, concurrency, minScale, maxScale });
}

function isServing({ phase }: ServingState): boolean {
  return phase === "open" || phase === "quiet";
}

/** Instances of this edition that serve or will. */
function current(state: ServingState): number {
  return state.instances.filter((it) => it.edition === state.edition && (it.kind === "ready" || it.kind === "starting"))
    .length;
}

function count(state: ServingState, kind: Instance["kind"]): number {
  return state.instances.filter((it) => it.kind === kind).length;
}

function find(draft: Draft, id: number): Instance | undefined {
  return draft.instances.find((it) => it.id === id);
}

function replace(draft: Draft, next: Instance): void {
  draft.instances = draft.instances.map((it) => (it.id === next.id ? next : it));
}
