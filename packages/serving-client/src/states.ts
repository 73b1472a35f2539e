import { slotsOf, startsAllowed } from "./autoscaler.ts";
import { ended, listening, released, retire, stop, stopDrained } from "./instance-life.ts";
import { type Draft, type Effect, holdAll, type Input, replace } from "./serving-draft.ts";
import { count, current, isServing, type ReadyInstance, type ServingState, stateOf, want } from "./serving-state.ts";
import type { Workload } from "./workload.ts";

const closedRetryMs = 1_000;

const closingReason = "the serving client is closing";

/** The life of a workload: pure, so that the same code runs in production, in tests and in simulations. */
export function step(
  state: ServingState,
  input: Input,
  now: number,
): { readonly state: ServingState; readonly effects: readonly Effect[] } {
  const draft: Draft = Object.assign(stateOf(state), { effects: [], fresh: undefined, woken: input.kind === "wake" });
  apply(draft, input, now);
  if (isServing(draft)) serve(draft, now);
  else holdAll(draft, draft.phase === "removed" ? "the service was removed" : closingReason, closedRetryMs);
  stopDrained(draft, now);
  return { state: stateOf(draft), effects: draft.effects };
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
    case "unplaced":
    case "frozen":
    case "thawed":
    case "backlog":
    case "expected":
    case "floor":
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
    holdAll(draft, reason, Math.max(1, Math.ceil(draft.backoffUntil - now)), draft.failure !== undefined);
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
