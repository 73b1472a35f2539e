import { setTimeout as sleep } from "node:timers/promises";
import { answerCalls } from "../child.ts";
import { Ledger } from "./ledger.ts";
import { closedLoop, openLoop } from "./producers.ts";
import { requestTemplate } from "./request.ts";
import { openSink } from "./sink.ts";

/** One window of load. */
export interface LoadOrder {
  readonly url: string;
  readonly type: string;
  readonly load:
    | { readonly kind: "closed"; readonly connections: number; readonly batch: number }
    | { readonly kind: "open"; readonly perSecond: number };
  /** How many triggers take each event, on the sink's paths /0, /1 … */
  readonly fan: number;
  /** Load before counting begins, milliseconds. */
  readonly warmMs: number;
  readonly windowMs: number;
}

/** What came of it. */
export interface LoadResult {
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly accepted: number;
  /** Milliseconds from sending to the first delivery, of the events sent in the window. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Milliseconds from the end of the load until everything was delivered. */
  readonly drainMs: number;
  /** Accepted events that did not go everywhere they must. */
  readonly lost: number;
  readonly repeated: number;
  readonly strays: number;
  readonly refused: number;
}

/** What this process answers to. */
export type LoadMethods = {
  openSink: (argument: undefined) => Promise<string>;
  run: (order: LoadOrder) => Promise<LoadResult>;
};

/** Nothing new for so long: what has not come is lost. */
const silenceMs = 20_000;
const drainMostMs = 180_000;
const ledger = new Ledger();

async function run(order: LoadOrder): Promise<LoadResult> {
  const { fan, load, type, url, warmMs, windowMs } = order;
  const before = { first: ledger.count, accepted: ledger.acceptedCount, repeated: ledger.repeated };
  const strays = ledger.strays;
  ledger.expect(fan);
  const producers =
    load.kind === "closed"
      ? closedLoop(url, requestTemplate(url, type, load.batch), load.connections, ledger)
      : openLoop(url, requestTemplate(url, type, 1), load.perSecond, ledger);
  await sleep(warmMs);
  const from = snapshot();
  await sleep(windowMs);
  const to = snapshot();
  const seconds = (to.at - from.at) / 1_000;
  await producers.stop();
  const drainMs = await drained(before.first);
  const latencies = ledger.latencies(from.count, to.count);
  return {
    acceptedPerSecond: (to.accepted - from.accepted) / seconds,
    deliveredPerSecond: (to.delivered - from.delivered) / seconds,
    accepted: ledger.acceptedCount - before.accepted,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    drainMs,
    lost: ledger.missing(before.first),
    repeated: ledger.repeated - before.repeated,
    strays: ledger.strays - strays,
    refused: producers.refused,
  };
}

function snapshot() {
  return {
    at: performance.now(),
    count: ledger.count,
    accepted: ledger.acceptedCount,
    delivered: ledger.deliveredCount,
  };
}

/** Waits until everything that was accepted has come, or nothing comes any more; says how long that took. */
async function drained(first: number): Promise<number> {
  const began = performance.now();
  let last = ledger.deliveredCount;
  let lastAt = began;
  while (performance.now() - began < drainMostMs) {
    if (ledger.missing(first) === 0) break;
    await sleep(20);
    if (ledger.deliveredCount !== last) {
      last = ledger.deliveredCount;
      lastAt = performance.now();
    }
    if (performance.now() - lastAt > silenceMs) break;
  }
  return performance.now() - began;
}

answerCalls({ openSink: () => openSink(ledger), run } satisfies LoadMethods);
