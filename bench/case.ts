import type { NatsServerBinary } from "@rouse/broker";
import type { Figure } from "./figure.ts";
import type { LoadOrder, LoadResult } from "./load/load-process.ts";
import type { BenchOptions } from "./options.ts";
import type { Load, Side } from "./sides.ts";

/** What a case is given. */
export interface CaseContext {
  readonly options: BenchOptions;
  readonly binary: NatsServerBinary;
}

/** One measured thing. */
export interface Case {
  /** Names of the promised figures that it gives. */
  readonly promised: readonly string[];
  /** Why it cannot be measured here, with the way out; undefined: it can. */
  readonly missing?: () => string | undefined;
  /** Starts what it needs, measures, ends what it started. Throws when an event was lost. */
  run(context: CaseContext): Promise<readonly Figure[]>;
}

/** A side under its load. */
export interface Contestant {
  readonly side: Side;
  readonly order: Pick<LoadOrder, "load" | "fan">;
}

/** A window as measured, with the CPU of the side's process per delivery. */
export type Window = LoadResult & { readonly cpuUs: number };

/** One window of each contestant, taken right after each other. */
export interface Pair {
  readonly first: Window;
  readonly second: Window;
}

/** Events before the first window, so that both are compiled and connected. */
const settleMs = 500;

/** Takes windows of two in turn, the order changing from pair to pair, after warming up both. */
export async function compare(
  { options }: CaseContext,
  load: Load,
  first: Contestant,
  second: Contestant,
  windowMs = options.windowMs,
): Promise<readonly Pair[]> {
  const run = ({ order, side }: Contestant, warmMs: number, ms: number) =>
    load.run(side, { ...order, warmMs, windowMs: ms });
  for (const each of [first, second]) await run(each, options.warmMs, settleMs);
  const pairs: Pair[] = [];
  for (let at = 0; at < options.runs; at++) {
    if (at % 2 === 0) {
      const one = await run(first, settleMs, windowMs);
      pairs.push({ first: one, second: await run(second, settleMs, windowMs) });
    } else {
      const two = await run(second, settleMs, windowMs);
      pairs.push({ first: await run(first, settleMs, windowMs), second: two });
    }
  }
  return pairs;
}

/** The figure of one value per pair. */
export function figureOf(
  name: string,
  unit: string,
  pairs: readonly Pair[],
  value: (first: Window, second: Window) => number,
): Figure {
  return { name, unit, runs: pairs.map(({ first, second }) => value(first, second)) };
}

/** As many connections as the closed loop has. */
export const connections = 64;
export const closed = { kind: "closed", connections, batch: 1 } as const;
