import type { Workload } from "../workload.ts";
import { slotsOf } from "./autoscaler.ts";
import { withExpectation, withoutPassed } from "./expectations.ts";
import { frozen, thawed } from "./freezing.ts";
import { ended, listening, released, retire, stopDrained, unplaced, withBusy } from "./instance-life.ts";
import { countArrival } from "./load.ts";
import { recycleOld } from "./max-age.ts";
import { decideWanted, scaleIn, scaleOut } from "./scaling.ts";
import { type Draft, draftOf, type Effect, holdAll, type Input, replace } from "./serving-draft.ts";
import {
  blockedUntil,
  count,
  current,
  floorOf,
  isServing,
  type ReadyInstance,
  type ServingState,
  stateOf,
  type Tally,
  tallyOf,
} from "./serving-state.ts";

const closedRetryMs = 1_000;

const closingReason = "the serving client is closing";

/** The life of a workload: pure, so that the same code runs in production, in tests and in simulations. */
export function step(
  state: ServingState,
  input: Input,
  now: number,
): { readonly state: ServingState; readonly effects: readonly Effect[] } {
  const draft = draftOf(state, input.kind === "wake", now);
  apply(draft, input, now);
  if (isServing(draft)) serve(draft, state, now);
  else {
    holdAll(draft, draft.phase === "removed" ? "the service was removed" : closingReason, closedRetryMs);
    draft.wanted = 0;
  }
  stopDrained(draft, now);
  return { state: stateOf(draft), effects: draft.effects };
}

function apply(draft: Draft, input: Input, now: number): void {
  switch (input.kind) {
    case "acquire":
      draft.waiting++;
      countArrival(draft.load);
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
      if (draft.noted.length > 0) grantSlots(draft, now);
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
      draft.expectations = [];
      for (const it of draft.instances) retire(draft, it, now, input.kind === "closed");
      return;
    case "unplaced":
      unplaced(draft, input, now);
      takeUpNoted(draft, now);
      return;
    case "frozen":
      frozen(draft, input);
      return;
    case "thawed":
      thawed(draft, input.id, now);
      return;
    case "backlog":
      draft.backlog = input.count;
      return;
    case "expected":
      draft.expectations = withExpectation(draft.expectations, input.at, input.leadMs, now);
      return;
    case "floor":
      draft.floor = input.count;
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
function serve(draft: Draft, before: ServingState, now: number): void {
  const waited = draft.waiting;
  grantSlots(draft, now);
  const granted = draft.waiting < waited;
  if (draft.expectations.length > 0) draft.expectations = withoutPassed(draft.expectations, draft.workload.idleMs, now);
  let tally = tallyOf(draft);
  if (draft.waiting === 0 || before.waiting === 0 || granted) draft.load.stuckSince = now;
  decideWanted(draft, tally, before.load.at, now);
  if (recycleOld(draft, tally, Math.max(floorOf(draft), draft.wanted), now)) tally = tallyOf(draft);
  scaleOut(draft, tally, now);
  if (draft.waiting > 0) holdHopeless(draft, tally, now);
  scaleIn(draft, tally, now);
  draft.load.busy = tally.busy + tally.draining;
  draft.load.serving = tally.busy;
}

function holdHopeless(draft: Draft, tally: Tally, now: number): void {
  if (current(tally) + tally.outdated > 0) return;
  if (draft.phase === "quiet") {
    holdAll(draft, closingReason, closedRetryMs);
    return;
  }
  const { failure, noPlace } = draft;
  const lacksPlace = noPlace !== undefined && noPlace.until > Math.max(now, draft.backoffUntil);
  const reason = (lacksPlace ? noPlace : failure)?.message ?? "no instance may be started";
  const retryAfterMs = Math.max(1, Math.ceil(blockedUntil(draft) - now));
  holdAll(draft, reason, retryAfterMs, failure !== undefined && (!lacksPlace || noPlace.message === failure.message));
}

function grantSlots(draft: Draft, now: number): void {
  while (draft.waiting > 0) {
    const instance = fullestFree(draft);
    if (!instance) return;
    draft.waiting--;
    draft.load.since ??= now;
    replace(draft, withBusy(instance, instance.busy + 1, instance.idleSince));
    draft.effects.push({ kind: "grant", id: instance.id, fresh: draft.fresh });
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
  draft.noPlace = undefined;
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
