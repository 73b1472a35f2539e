import { backoffDelayMs } from "@rouse/base";
import type { Health } from "./outcome.ts";

/**
 * What is believed of a target. closed → open (five attempts in a row said it is down) → recovering (one succeeded) →
 * closed, or open again. Times are milliseconds of a clock that never steps back.
 */
export type BreakerState =
  | { readonly kind: "closed"; readonly downs: number }
  | {
      readonly kind: "open";
      readonly since: number;
      /** Probes that failed so far. */
      readonly probes: number;
      readonly nextProbeAt: number;
      readonly probing: boolean;
    }
  | { readonly kind: "recovering"; readonly limit: number; readonly successes: number };

/** Whether an attempt may be made now. */
export type Admission =
  | { readonly kind: "pass"; readonly during: BreakerState["kind"] }
  /** The one attempt that finds out whether the target is back. */
  | { readonly kind: "probe" }
  | { readonly kind: "hold"; readonly waitMs: number };

/** A breaker that knows nothing yet. */
export const closedBreaker: BreakerState = { kind: "closed", downs: 0 };

/** Attempts in a row that open a breaker. */
export const downsMax = 5;
/** At this many at once a target has recovered. */
const recoveredAt = 64;
const firstProbeMs = 200;
const longestProbeMs = 30_000;
/** How soon to ask again while a target takes only a few at once. */
const recoveringWaitMs = 200;

function probeDelayMs(probes: number): number {
  const backoff = { policy: "exponential", delayMs: firstProbeMs, capMs: longestProbeMs, jitter: 0 } as const;
  return backoffDelayMs(backoff, probes + 1, () => 0);
}

/**
 * Asks for an attempt.
 * @param trials attempts admitted since the target began to recover, and not settled yet.
 * @param holdMaxMs after this long open everything passes, and counts.
 */
export function admit(
  state: BreakerState,
  at: number,
  trials: number,
  holdMaxMs: number,
): { readonly state: BreakerState; readonly admission: Admission } {
  switch (state.kind) {
    case "closed":
      return { state, admission: { kind: "pass", during: state.kind } };
    case "recovering":
      if (trials < state.limit) return { state, admission: { kind: "pass", during: state.kind } };
      return { state, admission: { kind: "hold", waitMs: recoveringWaitMs } };
    case "open": {
      if (at - state.since >= holdMaxMs) return { state, admission: { kind: "pass", during: state.kind } };
      if (!state.probing && at >= state.nextProbeAt) {
        return { state: { ...state, probing: true }, admission: { kind: "probe" } };
      }
      const waitMs = state.probing ? probeDelayMs(state.probes) : state.nextProbeAt - at;
      return { state, admission: { kind: "hold", waitMs } };
    }
    default: {
      const unknown: never = state;
      return unknown;
    }
  }
}

/**
 * Tells how an admitted attempt went. `downMs` is set when a failure must not be counted, because the target was known
 * to be down: how long to wait before the next attempt.
 */
export function settle(
  state: BreakerState,
  admission: Admission,
  health: Health,
  at: number,
  holdMaxMs: number,
): { readonly state: BreakerState; readonly downMs: number | undefined } {
  if (health === "up") return { state: succeed(state), downMs: undefined };
  switch (state.kind) {
    case "closed": {
      if (health === "unknown") return { state, downMs: undefined };
      const downs = state.downs + 1;
      const opened = downs >= downsMax;
      return { state: opened ? openBreaker(at) : { kind: "closed", downs }, downMs: undefined };
    }
    case "recovering":
      if (health === "unknown") return { state, downMs: undefined };
      // What was sent before the target went down tells nothing about how it is now.
      return { state: isTrial(admission) ? openBreaker(at) : state, downMs: firstProbeMs };
    case "open": {
      const counts = health === "unknown" || at - state.since >= holdMaxMs;
      if (admission.kind !== "probe") {
        return { state, downMs: counts ? undefined : Math.max(firstProbeMs, state.nextProbeAt - at) };
      }
      const probes = state.probes + 1;
      const waitMs = probeDelayMs(probes);
      const failed = { ...state, probes, probing: false, nextProbeAt: at + waitMs };
      return { state: failed, downMs: counts ? undefined : waitMs };
    }
    default: {
      const unknown: never = state;
      return unknown;
    }
  }
}

/** True for an attempt that was let through to try a target that is recovering. */
export function isTrial(admission: Admission): boolean {
  return admission.kind === "pass" && admission.during === "recovering";
}

/** Gives back an admission that no attempt came of. */
export function withdraw(state: BreakerState, admission: Admission): BreakerState {
  return state.kind === "open" && admission.kind === "probe" ? { ...state, probing: false } : state;
}

function openBreaker(at: number): BreakerState {
  return { kind: "open", since: at, probes: 0, nextProbeAt: at + probeDelayMs(0), probing: false };
}

function succeed(state: BreakerState): BreakerState {
  switch (state.kind) {
    case "closed":
      return closedBreaker;
    case "open":
      return { kind: "recovering", limit: 1, successes: 0 };
    case "recovering": {
      const successes = state.successes + 1;
      if (successes < state.limit) return { ...state, successes };
      const limit = state.limit * 2;
      return limit >= recoveredAt ? closedBreaker : { kind: "recovering", limit, successes: 0 };
    }
    default: {
      const unknown: never = state;
      return unknown;
    }
  }
}
