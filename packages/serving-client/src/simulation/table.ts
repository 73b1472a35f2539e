import { AverageAutoscaler } from "./average-autoscaler.ts";
import type { Case, Outcome } from "./case.ts";
import { simulate } from "./simulate.ts";

/** The outcomes of one load, side by side. */
export interface Row {
  readonly name: string;
  readonly ours: Outcome;
  /** With a panic window, as Knative has it. */
  readonly panicking: Outcome;
  /** By the average over a minute alone. */
  readonly average: Outcome;
}

/** Simulates a load with each of the policies. */
export function rowOf(load: Case): Row {
  return {
    name: load.name,
    ours: simulate(load),
    panicking: new AverageAutoscaler(load, true).run(),
    average: new AverageAutoscaler(load, false).run(),
  };
}

/** The rows as a table for people. */
export function tableOf(rows: readonly Row[]): string {
  const head = ["wait p50/p99/max ms, peak, instance-seconds", "ours", "Knative-like", "60 s average"];
  const lines = rows.map((it) => [it.name, ...[it.ours, it.panicking, it.average].map(words)]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function words({ p50, p99, max, peak, instanceSeconds }: Outcome): string {
  return `${p50} / ${p99} / ${max}, ${peak}, ${instanceSeconds}`;
}
