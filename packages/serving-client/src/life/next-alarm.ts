import { mostOf, wantedForTasks } from "./autoscaler.ts";
import { thawLeadMs } from "./expectations.ts";
import { meanMs, patienceMsOf } from "./load.ts";
import { lifetimeEndsAt } from "./max-age.ts";
import { blockedUntil, current, floorOf, type ServingState, tallyOf } from "./serving-state.ts";
import { freezeDue, idleLimitMs, windowOf } from "./time-limits.ts";

/** When the next `alarm` is due; undefined when nothing happens by itself. */
export function nextAlarm(state: ServingState, now: number): number | undefined {
  const { workload } = state;
  let next = Number.POSITIVE_INFINITY;
  let overdue = false;
  for (const it of state.instances) {
    if (it.kind === "draining") next = sooner(next, it.stopAt, now);
    else if (it.kind === "ready" || it.kind === "frozen") {
      const idle = it.kind !== "ready" || it.busy === 0;
      const idleUntil = it.idleSince + idleLimitMs(state);
      if (idle) next = sooner(next, idleUntil, now);
      if (it.kind === "ready" && idle) {
        const freezeAt = freezeDue(state, it);
        next = sooner(next, freezeAt, now);
        overdue ||= idleUntil <= now || freezeAt <= now;
      }
      if (workload.lifetimeMs !== undefined) next = sooner(next, lifetimeEndsAt(it, workload.lifetimeMs), now);
    }
  }
  for (const it of state.expectations) {
    if (!it.met) next = sooner(next, it.at - it.leadMs, now);
    next = sooner(next, it.at - thawLeadMs, now);
    next = sooner(next, it.at + 1, now);
    next = sooner(next, it.at + workload.idleMs, now);
  }
  next = scaleAlarm(state, next, overdue, now);
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}

/** What is due because of how many instances there are and should be. */
function scaleAlarm(state: ServingState, soonest: number, overdue: boolean, now: number): number {
  let next = soonest;
  const { load, workload } = state;
  const least = Math.max(1, floorOf(state));
  if (state.wanted === 0 && state.waiting === 0 && state.instances.length <= least) return next;
  const tally = tallyOf(state);
  if (state.phase === "open") {
    const running = current(tally);
    if (state.wanted > running) next = sooner(next, blockedUntil(state), now);
    if (state.waiting > 0 && running < mostOf(workload.maxScale))
      next = sooner(next, load.stuckSince + patienceMsOf(load), now);
  }
  if (tally.ready > least) next = sooner(next, (state.peaks[0]?.until ?? load.at) + windowOf(state), now);
  // What was wanted on an average falls with time; until it has, an instance that was idle for long is not stopped.
  const average = overdue ? wantedForTasks(load.meanServing, workload) : 0;
  if (average > Math.max(floorOf(state), wantedForTasks(load.serving, workload)))
    next = sooner(next, load.at + meanMs, now);
  return next;
}

function sooner(next: number, at: number, now: number): number {
  return at > now && at < next ? at : next;
}
