import { mostOf, slotsOf, startsAllowed, wantedForBacklog, wantedForQueue, wantedForTasks } from "./autoscaler.ts";
import { forgiveServed } from "./crash-backoff.ts";
import { isDue, isKept } from "./expectations.ts";
import { freezeIdle, thawFor } from "./freezing.ts";
import { stop } from "./instance-life.ts";
import { coldMsOf, durationMsOf, patienceMsOf } from "./load.ts";
import type { Draft } from "./serving-draft.ts";
import { blockedUntil, current, floorOf, type Instance, type Tally } from "./serving-state.ts";
import { idleLimitMs, windowOf } from "./time-limits.ts";
import { withoutOld, withWanted } from "./wanted-window.ts";

/** Decides how many instances there should be, and remembers what was wanted before. */
export function decideWanted(draft: Draft, tally: Tally, before: number, now: number): void {
  const wanted = wantedNow(draft, tally, now);
  draft.peaks = withoutOld(withWanted(draft.peaks, { wanted: draft.wanted, at: before }, wanted), windowOf(draft), now);
  draft.wanted = wanted;
}

/** The most of what the requests at once, those that wait, and the events in lanes need; nothing when there is no request. */
function wantedNow(draft: Draft, tally: Tally, now: number): number {
  const { workload, load, waiting, backlog } = draft;
  const floor = floorOf(draft);
  const tasks = tally.busy + waiting;
  if (tasks === 0) return floor;
  const durationMs = durationMsOf(load);
  const slots = slotsOf(workload.concurrency);
  let wanted = Math.max(1, floor);
  if (durationMs === undefined) wanted = Math.max(wanted, wantedForTasks(tasks + backlog, workload));
  else {
    wanted = Math.max(wanted, wantedForTasks(load.meanServing, workload));
    if (waiting > 0) {
      const ready = tally.ready + tally.outdated;
      const queue = { waiting, rate: load.rate, durationMs, coldMs: coldMsOf(load), slots, ready };
      wanted = Math.max(wanted, wantedForQueue(queue));
    }
    if (backlog > 0) wanted = Math.max(wanted, wantedForBacklog(backlog, durationMs, slots));
  }
  if (waiting > 0 && now >= load.stuckSince + patienceMsOf(load)) wanted = Math.max(wanted, current(tally) + 1);
  return Math.min(mostOf(workload.maxScale), wanted);
}

/** Lets frozen instances go on, and starts what is missing then. */
export function scaleOut(draft: Draft, tally: Tally, now: number): void {
  thawFor(draft, tally, draft.wanted, now);
  if (draft.phase !== "open") return;
  const expected = takeDue(draft, tally, now);
  if (now < blockedUntil(draft)) return;
  const running = current(tally);
  const missing = Math.max(draft.wanted, draft.woken || expected ? 1 : 0) - running;
  if (missing <= 0) return;
  const starts = Math.min(missing, startsNow(draft, tally), mostOf(draft.workload.maxScale) - running);
  const leaving = draft.instances.filter((it) => isLeaving(it, draft.edition)).map(({ id }) => id);
  const ahead = expected && draft.wanted <= running && !draft.woken;
  for (let n = 0; n < starts; n++) {
    const id = ++draft.lastId;
    draft.instances = [...draft.instances, { kind: "starting", id, edition: draft.edition, startedAt: now }];
    draft.effects.push(
      { kind: "start", id, leaving },
      { kind: "change", id, change: "starting", message: ahead ? "ahead of an expected event" : "is being started" },
    );
    tally.starting++;
  }
  if (starts <= 0) return;
  draft.load.stuckSince = now;
  if (ahead) draft.prewarmed++;
}

function isLeaving({ edition, kind }: Instance, present: number): boolean {
  return edition !== present || kind === "draining" || kind === "stopping";
}

/** How many starts may begin: as many as there is something for, and one by one while they may fail. */
function startsNow(draft: Draft, tally: Tally): number {
  const { starting } = tally;
  const known = draft.proven && durationMsOf(draft.load) !== undefined;
  const allowed = known ? Number.POSITIVE_INFINITY : startsAllowed(current(tally) - starting, starting, draft.proven);
  const queued = Math.ceil((draft.waiting + draft.backlog) / slotsOf(draft.workload.concurrency));
  const usable = Math.max(1, queued, floorOf(draft) - current(tally) + starting) - starting;
  return Math.min(allowed, usable);
}

/** Whether an event is expected soon and nothing is there for it; an expectation is passed over while starts fail. */
function takeDue(draft: Draft, tally: Tally, now: number): boolean {
  if (draft.expectations.length === 0 || current(tally) > 0) return false;
  const due = draft.expectations.some((it) => !it.met && isDue(it, now));
  if (!due) return false;
  draft.expectations = draft.expectations.map((it) => (isDue(it, now) ? { ...it, met: true } : it));
  return draft.failure === undefined && now >= blockedUntil(draft);
}

/** Stops what was idle for the idle time, and what was not wanted within the window; freezes what may be of use again. */
export function scaleIn(draft: Draft, tally: Tally, now: number): void {
  freezeIdle(draft, tally, now);
  const kept = draft.expectations.some((it) => isKept(it, draft.workload.idleMs, now)) ? 1 : 0;
  const least = Math.max(floorOf(draft), draft.wanted, kept);
  const idleMs = idleLimitMs(draft);
  let spare = current(tally) + tally.outdated - least;
  let surplus = tally.ready - Math.max(1, least, draft.peaks[0]?.wanted ?? 0);
  if (spare <= 0) return;
  for (const it of draft.instances) {
    if (spare <= 0) break;
    if ((it.kind !== "ready" && it.kind !== "frozen") || (it.kind === "ready" && it.busy > 0)) continue;
    const idle = it.idleSince + idleMs <= now;
    const unwanted = surplus > 0 && it.kind === "ready" && it.edition === draft.edition;
    if (!idle && !unwanted) continue;
    const message = idle ? `had nothing to do for ${idleMs} ms` : `was not wanted for ${windowOf(draft)} ms`;
    draft.effects.push({ kind: "change", id: it.id, change: "idle", message });
    forgiveServed(draft);
    stop(draft, it);
    spare--;
    if (it.kind === "frozen") tally.frozen--;
    else if (it.edition !== draft.edition) tally.outdated--;
    else {
      tally.ready--;
      surplus--;
    }
  }
}
