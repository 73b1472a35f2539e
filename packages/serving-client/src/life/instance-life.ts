import { countFailure, forgive } from "./crash-backoff.ts";
import { countRelease, countStart } from "./load.ts";
import { type Draft, find, type Input, replace } from "./serving-draft.ts";
import type { Instance, ReadyInstance } from "./serving-state.ts";

/** An instance that exits sooner than this after it became ready counts as a failed start. */
const settledMs = 10_000;

/** No process can run it. */
const noHost = "NoHost";

/** A lease of an instance came back. */
export function released(draft: Draft, id: number, now: number): void {
  const it = find(draft, id);
  if (it?.kind === "ready") replace(draft, withBusy(it, it.busy - 1, now));
  else if (it?.kind === "draining") replace(draft, { ...it, busy: it.busy - 1 });
  else return;
  countRelease(draft.load);
}

/** The same instance with so many leases out; field by field, since every lease comes here twice. */
export function withBusy(it: ReadyInstance, busy: number, idleSince: number): ReadyInstance {
  return {
    kind: "ready",
    id: it.id,
    edition: it.edition,
    startedAt: it.startedAt,
    readySince: it.readySince,
    busy,
    idleSince,
    warmSince: it.warmSince,
  };
}

/** An instance accepts connections: it serves, and instances of older editions may go. */
export function listening(draft: Draft, id: number, startMs: number, now: number): void {
  const it = find(draft, id);
  if (it?.kind !== "starting") return;
  if (!draft.instances.some((other) => other.kind === "ready")) draft.coldStarts++;
  const { edition, startedAt } = it;
  replace(draft, { kind: "ready", id, edition, startedAt, readySince: now, busy: 0, idleSince: now, warmSince: now });
  countStart(draft.load, now - startedAt);
  draft.proven = true;
  draft.fresh = "cold";
  draft.failure = undefined;
  draft.noPlace = undefined;
  draft.effects.push({ kind: "change", id, change: "ready", message: "accepts connections", startMs });
  for (const other of draft.instances) if (other.edition !== it.edition) retire(draft, other, now, false);
}

/** An instance could not be started, did not become ready in time, or exited; soon after its start that is a failure. */
export function ended(
  draft: Draft,
  input: Extract<Input, { kind: "refused" | "timed-out" | "exited" }>,
  now: number,
): void {
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
  // One that was frozen did nothing.
  const counts = readyMs < settledMs && !isResting(it);
  const reason = counts ? reasonOf(input, it) : input.reason;
  const change = { kind: "change", id: it.id, change: "failed", message: input.message } as const;
  draft.effects.push(reason === undefined ? change : { ...change, reason });
  if (readyMs >= settledMs) {
    forgive(draft, readyMs);
    return;
  }
  // An instance of an edition that is being replaced says nothing about the new one.
  if (reason === undefined || !counts || it.edition !== draft.edition || draft.phase !== "open") return;
  countFailure(draft, input, reason, now);
}

function isResting({ kind }: Instance): boolean {
  return kind === "freezing" || kind === "frozen" || kind === "thawing";
}

function reasonOf(input: Extract<Input, { kind: "refused" | "timed-out" | "exited" }>, it: Instance): string {
  if (input.reason !== undefined) return input.reason;
  if (input.kind === "timed-out") return "StartTimeout";
  return it.kind === "starting" ? "ExitedBeforeReady" : "ExitedSoonAfterReady";
}

/** An instance has no place here now: it was not begun to start, and that is no failure. */
export function unplaced(draft: Draft, input: Extract<Input, { kind: "unplaced" }>, now: number): void {
  const it = find(draft, input.id);
  if (!it) return;
  draft.instances = draft.instances.filter((other) => other.id !== it.id);
  const { reason, message, retryAfterMs } = input;
  // Nobody will have a place by itself: that the service cannot be started is to be seen, and bounded, as of one that fails.
  const hopeless = reason === noHost;
  draft.effects.push({ kind: "change", id: it.id, change: hopeless ? "failed" : "stopped", message, reason });
  if (hopeless) draft.failure = { reason, message, at: now, since: draft.failure?.since ?? now };
  if (it.kind !== "starting" || it.edition !== draft.edition) return;
  draft.noPlace = { reason, message, until: now + Math.max(1, retryAfterMs) };
  // The place that is missing may be that of the instance which is to be replaced: it gives way.
  if (reason !== "MaxScaleReached") return;
  for (const other of draft.instances) if (other.edition !== draft.edition) retire(draft, other, now, false);
}

/** Takes no new leases any more; is stopped when its leases are back, or at once when asked. */
export function retire(draft: Draft, it: Instance, now: number, atOnce: boolean): void {
  if (it.kind === "stopping") return;
  const busy = it.kind === "ready" || it.kind === "draining" ? it.busy : 0;
  if (atOnce || busy === 0) {
    stop(draft, it);
    return;
  }
  if (it.kind !== "ready") return;
  const stopAt = now + draft.workload.requestTimeoutMs;
  replace(draft, { kind: "draining", id: it.id, edition: it.edition, readySince: it.readySince, busy, stopAt });
}

/** Instances that drain are stopped when their leases are back, or take too long. */
export function stopDrained(draft: Draft, now: number): void {
  for (const it of draft.instances) {
    if (it.kind === "draining" && (it.busy === 0 || it.stopAt <= now)) stop(draft, it);
  }
}

/** Asks an instance to end, whatever it does. */
export function stop(draft: Draft, it: Instance): void {
  replace(draft, { kind: "stopping", id: it.id, edition: it.edition });
  draft.effects.push({ kind: "stop", id: it.id });
}
