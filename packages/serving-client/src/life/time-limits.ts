import type { ReadyInstance, ServingState } from "./serving-state.ts";

/** How long an instance is idle before it is stopped. */
export function idleLimitMs({ workload }: ServingState): number {
  return Math.max(workload.idleMs, workload.scaleDownDelayMs);
}

/** How long a number that was wanted keeps instances. */
export function windowOf({ workload }: ServingState): number {
  return workload.windowMs + workload.scaleDownDelayMs;
}

/** When an idle instance is to be frozen. */
export function freezeDue({ workload, phase }: ServingState, it: ReadyInstance): number {
  if (workload.freezeMs === undefined || phase !== "open") return Number.POSITIVE_INFINITY;
  return Math.max(it.idleSince, it.warmSince) + workload.freezeMs;
}
