import { slotsOf } from "./autoscaler.ts";
import { isDue, isNear } from "./expectations.ts";
import { type Draft, find, type Input, replace } from "./serving-draft.ts";
import { floorOf, type RestingInstance, type Tally } from "./serving-state.ts";
import { freezeDue } from "./time-limits.ts";

/** An instance is frozen, or could not be: then it serves on, and is not frozen any more. */
export function frozen(draft: Draft, input: Extract<Input, { kind: "frozen" }>): void {
  const it = find(draft, input.id);
  if (it?.kind !== "freezing") return;
  if (input.message === undefined) {
    replace(draft, { ...it, kind: "frozen" });
    const { freezeMs } = draft.workload;
    const message = `had nothing to do for ${freezeMs} ms`;
    draft.effects.push({ kind: "change", id: it.id, change: "frozen", message });
  } else replace(draft, readyFrom(it, Number.POSITIVE_INFINITY));
}

/** A frozen instance goes on. */
export function thawed(draft: Draft, id: number, now: number): void {
  const it = find(draft, id);
  if (it?.kind !== "thawing") return;
  replace(draft, readyFrom(it, now));
  draft.fresh = "thawed";
  draft.effects.push({ kind: "change", id, change: "thawed", message: "goes on" });
}

/** Lets frozen instances go on for who waits, for what is wanted, and for an event that is near. */
export function thawFor(draft: Draft, tally: Tally, wanted: number, now: number): void {
  if (tally.frozen === 0) return;
  const awake = tally.ready + tally.thawing + tally.freezing;
  let needed = Math.max(wanted, draft.woken ? 1 : 0) - awake - tally.starting;
  if (draft.waiting > 0) {
    const queued = Math.ceil(draft.waiting / slotsOf(draft.workload.concurrency));
    needed = Math.max(needed, queued - tally.thawing - tally.freezing);
  }
  if (awake === 0 && draft.expectations.some((it) => isNear(it, now))) needed = Math.max(needed, 1);
  if (needed <= 0) return;
  for (const it of draft.instances) {
    if (needed <= 0) return;
    if (it.kind !== "frozen") continue;
    replace(draft, { ...it, kind: "thawing" });
    draft.effects.push({ kind: "thaw", id: it.id });
    tally.frozen--;
    tally.thawing++;
    needed--;
  }
}

/** Freezes what was idle for the freeze time and is not wanted; not while an event is awaited. */
export function freezeIdle(draft: Draft, tally: Tally, now: number): void {
  if (draft.workload.freezeMs === undefined || draft.phase !== "open") return;
  let spare = tally.ready - Math.max(floorOf(draft), draft.wanted);
  if (spare <= 0 || draft.expectations.some((it) => isDue(it, now) || isNear(it, now))) return;
  for (const it of draft.instances) {
    if (spare <= 0) return;
    if (it.kind !== "ready" || it.busy > 0 || it.edition !== draft.edition || freezeDue(draft, it) > now) continue;
    const { id, edition, startedAt, readySince, idleSince } = it;
    replace(draft, { kind: "freezing", id, edition, startedAt, readySince, idleSince });
    draft.effects.push({ kind: "freeze", id });
    tally.ready--;
    tally.freezing++;
    spare--;
  }
}

function readyFrom(it: RestingInstance, warmSince: number) {
  const { id, edition, startedAt, readySince, idleSince } = it;
  return { kind: "ready", id, edition, startedAt, readySince, busy: 0, idleSince, warmSince } as const;
}
