/** What a figure must reach. */
export interface Target {
  readonly kind: "at-least" | "at-most";
  readonly value: number;
}

/** One measured thing, once per run. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** In the order of the runs. */
  readonly runs: readonly number[];
}

const atLeast = (value: number): Target => ({ kind: "at-least", value });
const atMost = (value: number): Target => ({ kind: "at-most", value });

/** Figures that are promised; all others only explain these. */
export const targets: Readonly<Record<string, Target>> = {
  "pipeline.saturation.ratio-to-bare": atLeast(0.8),
  "pipeline.500-per-second.p99-ratio-to-bare": atMost(1.3),
  "pipeline.triggers-1000.ratio-to-10": atLeast(0.95),
  "pipeline.fanout-5.deliveries-ratio": atLeast(1),
  "ingest.batch-100.ratio-to-single": atLeast(3),
  "ingest.batch-100.dispatch-kept": atLeast(0.8),
  "matcher.exact.10000.us": atMost(2),
  "matcher.mixed.10000.us": atMost(20),
  "cold-start.share.ms": atMost(3),
  "cold-start.share.p99-ms": atMost(10),
  "cold-start.container-share.ms": atMost(3),
  "cold-start.container-share.p99-ms": atMost(10),
  "cold-start.lost": atMost(0),
  "cold-start.retries-burned": atMost(0),
  "thaw.process.ms": atMost(5),
  "thaw.container.ms": atMost(20),
  "cron.prewarmed-delay.p95-ms": atMost(20),
  "idle.rss-mb": atMost(100),
  "kafka-source.ratio-to-bare": atLeast(0.7),
  "kafka-source.lost": atMost(0),
  "kafka-source.doubled": atMost(0),
  "kafka-source.disordered": atMost(0),
  "rabbitmq-source.ratio-to-bare": atLeast(0.7),
  "rabbitmq-source.lost": atMost(0),
  "rabbitmq-source.doubled": atMost(0),
};

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share lies, with linear interpolation; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? Number.NaN : low + (high - low) * (at - Math.floor(at));
}

/** Whether the figure's median reaches its target; undefined when nothing is promised. */
export function isMet({ name, runs }: Figure): boolean | undefined {
  const target = targets[name];
  if (!target) return undefined;
  return target.kind === "at-least" ? median(runs) >= target.value : median(runs) <= target.value;
}
