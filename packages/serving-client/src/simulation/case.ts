import { exponential, seeded } from "./chance.ts";

/** A load to simulate, on one service. */
export interface Case {
  readonly name: string;
  /** When each request comes, ascending, milliseconds. */
  readonly arrivals: readonly number[];
  readonly concurrency: number;
  /** Of an exponential distribution. */
  readonly meanDurationMs: number;
  readonly coldStartMs: number;
  readonly maxScale: number;
  /** The idle time; for those to compare with, too. */
  readonly idleMs: number;
}

/** What a load came to. */
export interface Outcome {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The most instances that ran or were starting at once. */
  readonly peak: number;
  /** From the start of each instance to its end. */
  readonly instanceSeconds: number;
  /** Requests that were not answered. */
  readonly lost: number;
}

/** So many at once. */
export function burst(count: number, at = 0): number[] {
  return Array.from({ length: count }, () => at);
}

/** So many a second by chance, from one time to another. */
export function poisson(perSecond: number, fromMs: number, toMs: number, seed: number): number[] {
  const chance = seeded(seed);
  const arrivals: number[] = [];
  for (let at = fromMs + exponential(1000 / perSecond, chance()); at < toMs; ) {
    arrivals.push(at);
    at += exponential(1000 / perSecond, chance());
  }
  return arrivals;
}

/** One in each span of time. */
export function every(ms: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => n * ms);
}

/** The waits and the costs of a load. */
export function outcomeOf(waits: readonly number[], peak: number, instanceMs: number, lost: number): Outcome {
  const sorted = [...waits].sort((a, b) => a - b);
  const quantile = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
  return {
    p50: quantile(0.5),
    p99: quantile(0.99),
    max: quantile(1),
    peak,
    instanceSeconds: Math.round(instanceMs / 1000),
    lost,
  };
}
