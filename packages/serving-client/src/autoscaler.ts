/** What the number of wanted instances follows from. */
export interface Demand {
  /** Requests in flight. */
  readonly busy: number;
  /** Requests that wait for a slot. */
  readonly waiting: number;
  /** Slots per instance; 0 is {@link unlimitedConcurrency}. */
  readonly concurrency: number;
  readonly minScale: number;
  /** 0, Knative's "no limit", is {@link unlimitedScale}: these are processes on one machine. */
  readonly maxScale: number;
}

/** What a concurrency of 0, Knative's "unlimited", counts as. */
export const unlimitedConcurrency = 100;
/** What a maxScale of 0, Knative's "unlimited", counts as. */
export const unlimitedScale = 10;
/** With more slots than this, an instance counts as full at 70 %, so that the next one starts before requests wait. */
const exactConcurrencyMax = 3;
const utilization = 0.7;

/** Slots of one instance. */
export function slotsOf(concurrency: number): number {
  return concurrency <= 0 ? unlimitedConcurrency : concurrency;
}

/** How many instances there should be: ceil((busy + waiting) / (slots * utilization)), within min and max. */
export function wantedInstances(demand: Demand): number {
  const slots = slotsOf(demand.concurrency);
  const share = slots <= exactConcurrencyMax ? 1 : utilization;
  const wanted = Math.ceil((demand.busy + demand.waiting) / (slots * share));
  const most = demand.maxScale <= 0 ? unlimitedScale : demand.maxScale;
  return Math.min(most, Math.max(demand.minScale, wanted));
}

/**
 * How many starts may begin now. One at a time until an instance became ready (a broken command gives one failure,
 * not ten); from then on as many at once as are ready, so that the number doubles with each start time.
 */
export function startsAllowed(ready: number, starting: number, proven: boolean): number {
  const together = proven ? Math.max(1, ready) : 1;
  return Math.max(0, together - starting);
}
