import type { CaseContext } from "../case.ts";
import type { LogView } from "./log-view.ts";

/** Something that takes what waits upstream into a log, with a nats-server and a process of its own. */
export interface IntakeSide extends AsyncDisposable {
  readonly name: string;
  readonly log: LogView;
  /** Begins to take in what waits at a place upstream: a consumer group, a queue. */
  begin(place: string): Promise<void>;
  /** Takes nothing more; what is in hand is finished. */
  end(place: string): Promise<void>;
  usage(): Promise<{ readonly cpuMs: number; readonly rssMb: number }>;
}

/** What came of one run of one side. */
export interface IntakeWindow {
  /** Between the moments when a tenth and when all of it was stored, so that joining and connecting do not count. */
  readonly perSecond: number;
  /** Of the side's process, joining and connecting included. */
  readonly cpuUs: number;
  readonly lost: number;
  readonly doubled: number;
  /** Stored after one of the same lane that was sent later. */
  readonly disordered: number;
}

/** One run of each side, taken right after each other. */
export interface IntakePair {
  readonly bare: IntakeWindow;
  readonly rouse: IntakeWindow;
}

/** What is taken in. */
export interface Upstream {
  /** Numbered from 0. */
  readonly count: number;
  /** Numbers that are equal in `number % lanes` must stay in order; 0: there is no order. */
  readonly lanes: number;
  /** Makes a place from which all of it can be taken once. */
  fill(place: string): Promise<void>;
}

const skippedShare = 0.1;
const lookMs = 100;
/** Nothing more is expected when nothing was stored for so long. */
const patienceMs = 15_000;

/** Lets both sides take in the same in turn, the order changing from pair to pair, after one run of each to warm up. */
export async function compareIntakes(
  { options }: CaseContext,
  upstream: Upstream,
  bare: IntakeSide,
  rouse: IntakeSide,
): Promise<readonly IntakePair[]> {
  let runs = 0;
  const run = (side: IntakeSide) => takeIn(upstream, side, `run-${runs++}`);
  for (const side of [bare, rouse]) await run(side);
  const pairs: IntakePair[] = [];
  for (let at = 0; at < options.runs; at++) {
    if (at % 2 === 0) {
      const first = await run(bare);
      pairs.push({ bare: first, rouse: await run(rouse) });
    } else {
      const first = await run(rouse);
      pairs.push({ bare: await run(bare), rouse: first });
    }
  }
  return pairs;
}

async function takeIn(upstream: Upstream, side: IntakeSide, place: string): Promise<IntakeWindow> {
  const { count, lanes } = upstream;
  await upstream.fill(place);
  const before = await side.log.lastSequence();
  const { cpuMs } = await side.usage();
  await side.begin(place);
  await stored(side.log, before + count);
  const cpuUs = (((await side.usage()).cpuMs - cpuMs) * 1_000) / count;
  await side.end(place);
  const last = await side.log.lastSequence();
  const numbers = await side.log.numbers(before + 1, last);
  const first = before + Math.max(1, Math.floor(count * skippedShare));
  const tookMs = (await side.log.storedAt(last)) - (await side.log.storedAt(first));
  return { perSecond: ((last - first) * 1_000) / tookMs, cpuUs, ...account(numbers, count, lanes) };
}

/** Resolves when the log goes so far, or goes no further. */
async function stored(log: LogView, sequence: number): Promise<void> {
  let [seen, movedAt] = [-1, performance.now()];
  for (;;) {
    const last = await log.lastSequence();
    if (last >= sequence || performance.now() - movedAt > patienceMs) return;
    if (last > seen) [seen, movedAt] = [last, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** Holds what is stored against what was sent. */
export function account(
  numbers: readonly number[],
  count: number,
  lanes: number,
): Pick<IntakeWindow, "lost" | "doubled" | "disordered"> {
  const seen = new Set<number>();
  const latest = new Map<number, number>();
  let disordered = 0;
  for (const number of numbers) {
    seen.add(number);
    if (lanes === 0) continue;
    const lane = number % lanes;
    if (number < (latest.get(lane) ?? -1)) disordered++;
    else latest.set(lane, number);
  }
  let lost = 0;
  for (let number = 0; number < count; number++) if (!seen.has(number)) lost++;
  return { lost, doubled: numbers.length - seen.size, disordered };
}
