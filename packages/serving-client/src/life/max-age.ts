import { stop } from "./instance-life.ts";
import { type Draft, replace } from "./serving-draft.ts";
import {
  blockedUntil,
  current,
  type Instance,
  type ReadyInstance,
  type RestingInstance,
  type Tally,
} from "./serving-state.ts";

/** Instances that were started together do not all end together. */
const lifetimeSpread = 0.1;

/** What the spread follows from: multiples of it lie as far from each other as they can. */
const goldenRatio = 0.618_033_988_749_895;

/** When an instance is too old, going by its number. */
export function lifetimeEndsAt(it: ReadyInstance | RestingInstance, lifetimeMs: number): number {
  const share = (it.id * goldenRatio) % 1;
  return it.startedAt + lifetimeMs * (1 - lifetimeSpread + 2 * lifetimeSpread * share);
}

/**
 * An instance that is too old and not needed is stopped. One that is needed becomes one of no edition: it serves until another
 * one is ready, as when the specification changes. One at a time, and none while starts fail.
 */
export function recycleOld(draft: Draft, tally: Tally, needed: number, now: number): boolean {
  const { lifetimeMs } = draft.workload;
  if (lifetimeMs === undefined) return false;
  let recycled = false;
  let left = current(tally);
  let replacing = draft.instances.some(isOutdated(draft.edition));
  for (const it of draft.instances) {
    if ((it.kind !== "ready" && it.kind !== "frozen") || it.edition !== draft.edition) continue;
    if (lifetimeEndsAt(it, lifetimeMs) > now) continue;
    const busy = it.kind === "ready" && it.busy > 0;
    if (!busy && (left > needed || it.kind === "frozen")) {
      draft.effects.push({ kind: "change", id: it.id, change: "idle", message: `has run for ${lifetimeMs} ms or so` });
      stop(draft, it);
      left--;
    } else if (it.kind === "ready" && !replacing && mayStart(draft, now)) {
      replace(draft, { ...it, edition: 0 });
      replacing = true;
      left--;
    } else continue;
    recycled = true;
  }
  return recycled;
}

function mayStart(draft: Draft, now: number): boolean {
  return draft.phase === "open" && draft.failure === undefined && blockedUntil(draft) <= now;
}

function isOutdated(edition: number): (it: Instance) => boolean {
  return (it) => it.edition !== edition && it.kind !== "stopping";
}
