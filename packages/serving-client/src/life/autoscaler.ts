/** How full instances may be. */
export interface ScaleLimits {
  /** Slots per instance; 0 is {@link unlimitedConcurrency}. */
  readonly concurrency: number;
  readonly utilization?: number | undefined;
  readonly target?: number | undefined;
}

/** What tells how long those who wait will wait. Times in milliseconds. */
export interface Queue {
  readonly waiting: number;
  /** Requests that come per millisecond. */
  readonly rate: number;
  readonly durationMs: number;
  readonly coldMs: number;
  /** Slots per instance. */
  readonly slots: number;
  readonly ready: number;
}

/** What a concurrency of 0, Knative's "unlimited", counts as. */
export const unlimitedConcurrency = 100;
/** What a maxScale of 0, Knative's "unlimited", counts as. */
export const unlimitedScale = 10;
/** With more slots than this, an instance counts as full at 70 %, so that the next one starts before requests wait. */
const exactConcurrencyMax = 3;
const usualUtilization = 0.7;
/** A share of an instance that none is started for: an average comes close to what it is one of, and never arrives. */
const negligible = 0.01;
/** Events that wait in lanes are to be through in this time. */
const drainTargetMs = 30_000;

/** Slots of one instance. */
export function slotsOf(concurrency: number): number {
  return concurrency <= 0 ? unlimitedConcurrency : concurrency;
}

/** The most instances; 0, Knative's "no limit", is {@link unlimitedScale}: these are processes on one machine. */
export function mostOf(maxScale: number): number {
  return maxScale <= 0 ? unlimitedScale : maxScale;
}

/** Requests at once per instance that scaling aims at. */
export function aimOf(limits: ScaleLimits): number {
  const slots = slotsOf(limits.concurrency);
  const share = limits.utilization ?? (slots <= exactConcurrencyMax ? 1 : usualUtilization);
  return Math.min(slots, limits.target ?? slots * share);
}

/** How many instances so many requests at once need. */
export function wantedForTasks(tasks: number, limits: ScaleLimits): number {
  return Math.ceil(Math.max(0, tasks / aimOf(limits) - negligible));
}

/**
 * How many instances it takes so that those who wait are served soon; 0 when those that are ready do that within a quarter of
 * a start: another one would come too late to help. Else as many as take the rate, and three quarters of a start after they
 * are ready have served who waits by then.
 */
export function wantedForQueue(queue: Queue): number {
  const perInstance = queue.slots / Math.max(queue.durationMs, 0.1);
  const servedNow = queue.ready * perInstance;
  if (queue.waiting <= (servedNow * queue.coldMs) / 4) return 0;
  const later = Math.max(0, queue.waiting + (queue.rate - servedNow) * queue.coldMs);
  return Math.ceil((queue.rate + later / (queue.coldMs * 0.75)) / perInstance);
}

/** How many instances it takes until the events that wait in lanes are through. */
export function wantedForBacklog(backlog: number, durationMs: number, slots: number): number {
  return Math.ceil((backlog * durationMs) / (slots * drainTargetMs));
}

/**
 * How many starts may begin while nobody knows how long requests take. One at a time until an instance became ready (a broken
 * command gives one failure, not ten); from then on as many at once as are ready, so that the number doubles with each start.
 */
export function startsAllowed(ready: number, starting: number, proven: boolean): number {
  const together = proven ? Math.max(1, ready) : 1;
  return Math.max(0, together - starting);
}
