import type { Figure } from "../figure.ts";
import type { IntakePair, IntakeWindow } from "./intake.ts";

/** The figures of a comparison; lost, doubled and disordered of both sides together, so that neither is fast by that. */
export function intakeFigures(name: string, pairs: readonly IntakePair[], ordered: boolean): Figure[] {
  const figure = (suffix: string, unit: string, value: (pair: IntakePair) => number): Figure => ({
    name: `${name}.${suffix}`,
    unit,
    runs: pairs.map(value),
  });
  const both = (suffix: string, value: (window: IntakeWindow) => number) =>
    figure(suffix, "records", ({ bare, rouse }) => value(bare) + value(rouse));
  return [
    figure("ratio-to-bare", "x", ({ bare, rouse }) => rouse.perSecond / bare.perSecond),
    figure("rouse", "records/s", ({ rouse }) => rouse.perSecond),
    figure("bare", "records/s", ({ bare }) => bare.perSecond),
    figure("rouse.cpu", "us/record", ({ rouse }) => rouse.cpuUs),
    figure("bare.cpu", "us/record", ({ bare }) => bare.cpuUs),
    both("lost", ({ lost }) => lost),
    both("doubled", ({ doubled }) => doubled),
    ...(ordered ? [both("disordered", ({ disordered }) => disordered)] : []),
  ];
}
