import type { StartTimes } from "../activator.ts";
import type { Workload } from "../workload.ts";

/** So many of the last starts tell how long the next one takes. */
export const leadStarts = 20;

const leadFactor = 1.2;
const leadMarginMs = 50;

/** How long a start takes before one was measured. */
const unknownStartMs = { process: 1_000, container: 3_000 } as const;

/**
 * How long before it is needed an instance has to be wanted, milliseconds.
 * @param last the last {@link leadStarts} starts, from being wanted to being ready; undefined before the first.
 */
export function startLeadMs(last: StartTimes | undefined, kind: Workload["program"]["kind"]): number {
  return last ? last.p95 * leadFactor + leadMarginMs : unknownStartMs[kind];
}
