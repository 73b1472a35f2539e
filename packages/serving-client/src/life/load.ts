/** What is remembered of the requests of a workload, to tell how many instances they need. Of constant size. */
export interface Load {
  /** The last step. */
  readonly at: number;
  /** Leases that were out after it, with those of instances that drain. */
  readonly busy: number;
  /** Leases that were out after it, without them. */
  readonly serving: number;
  /** The same, averaged over some seconds. */
  readonly meanServing: number;
  /** Requests that come per millisecond, over the last {@link rateMs}. */
  readonly rate: number;
  /** Milliseconds that leases were out, and leases that came back; both fade, and their quotient is a mean duration. */
  readonly usedMs: number;
  readonly done: number;
  /** The first lease; undefined before it. */
  readonly since: number | undefined;
  /** Since when all who wait have waited for nothing: no slot was given, and no instance begun to start. */
  readonly stuckSince: number;
  /** A mean of what starts took. */
  readonly coldMs: number;
}

/** Over how long the number of requests is averaged: one of 100 ms each, 10 at once, deviates by 0.7 then, by 3 without. */
export const meanMs = 2_000;
/** Over how long their coming is counted. */
const rateMs = 100;
/** A start takes this long until one has shown how long. */
const firstColdMs = 500;
/** The weight of the latest of many. */
const newest = 1 / 64;

export const noLoad: Load = {
  at: Number.NEGATIVE_INFINITY,
  busy: 0,
  serving: 0,
  meanServing: 0,
  rate: 0,
  usedMs: 0,
  done: 0,
  since: undefined,
  stuckSince: 0,
  coldMs: 0,
};

/** A load that a step works on. */
export type LoadDraft = { -readonly [K in keyof Load]: Load[K] };

/** The load at a later time, to be worked on. */
export function elapsed(load: Load, now: number): LoadDraft {
  const ms = now - load.at;
  const passed = ms > 0 && ms < Number.POSITIVE_INFINITY;
  return {
    at: now,
    busy: load.busy,
    serving: load.serving,
    meanServing: passed ? load.serving + (load.meanServing - load.serving) * Math.exp(-ms / meanMs) : load.meanServing,
    rate: passed ? load.rate * Math.exp(-ms / rateMs) : load.rate,
    usedMs: passed ? load.usedMs + load.busy * ms : load.usedMs,
    done: load.done,
    since: load.since,
    stuckSince: load.stuckSince,
    coldMs: load.coldMs,
  };
}

/** One more request came. */
export function countArrival(load: LoadDraft): void {
  load.rate += 1 / rateMs;
}

/** A lease came back. */
export function countRelease(load: LoadDraft): void {
  load.usedMs *= 1 - newest;
  load.done = load.done * (1 - newest) + 1;
}

/** An instance became ready so long after its start was begun. */
export function countStart(load: LoadDraft, ms: number): void {
  load.coldMs = load.coldMs === 0 ? ms : load.coldMs + (ms - load.coldMs) / 4;
}

/** How long a start takes. */
export function coldMsOf(load: Load): number {
  return load.coldMs === 0 ? firstColdMs : load.coldMs;
}

/** How long a request waits before another instance is worth its start. */
export function patienceMsOf(load: Load): number {
  return Math.max(1, coldMsOf(load) / 4);
}

/**
 * How long a request takes; undefined before one was answered. The used time over the number of answers is right for requests
 * in flight, too, but not right after the first ones came all at once: no request has taken longer than since the first.
 */
export function durationMsOf(load: Load): number | undefined {
  if (load.done === 0 || load.since === undefined) return undefined;
  return Math.min(load.usedMs / load.done, load.at - load.since);
}
