import { type Figure, median, quantile } from "../figure.ts";
import type { EngineCall } from "../rouse/engine-calls.ts";
import type { RouseSide } from "../sides.ts";
import { type Answered, asleep, deliverOne } from "./waking.ts";

/** A value of one cold start, milliseconds. */
export type Part = (start: Answered) => number;

/** Cold starts of a service, one after the other, each from zero. */
export async function coldStarts(rouse: RouseSide, service: string, count: number): Promise<Answered[]> {
  const done: Answered[] = [];
  for (let at = 0; at < count; at++) {
    await asleep(rouse, service);
    const { all, last } = await deliverOne(rouse);
    const others = all.filter((it) => it !== last && it.verdict !== "hold");
    if (others.length > 0) throw new Error(`expected one attempt, there were others: ${JSON.stringify(others)}`);
    if (last.answer.listened.machine < last.received)
      throw new Error("the event met an instance that was there already");
    done.push(last);
  }
  return done;
}

/** Median and 99th percentile of what is promised. */
export function shareFigures(name: string, runs: readonly Answered[][], share: Part): Figure[] {
  return [
    { name: `${name}.ms`, unit: "ms", runs: runs.map((all) => median(all.map(share))) },
    { name: `${name}.p99-ms`, unit: "ms", runs: runs.map((all) => quantile(all.map(share), 0.99)) },
  ];
}

/** The medians of the parts, by name. */
export function partFigures(runs: readonly Answered[][], parts: Readonly<Record<string, Part>>): Figure[] {
  return Object.entries(parts).map(([name, part]) => {
    return { name, unit: "ms", runs: runs.map((all) => median(all.map(part))) };
  });
}

/** From the event's coming in to its being sent. */
export const totalMs: Part = ({ dispatched, received }) => dispatched - received;

/**
 * What of a cold start of a container is neither spent in a call of the engine nor in the container itself, from the
 * engine's saying that it is started until it listens. Times that overlap count once.
 */
export const containerShareMs: Part = (start) => {
  const { answer, calls, dispatched, received } = start;
  const started = callOf(calls, "POST /containers/start");
  const waited = [...calls.filter(isWaitedFor), { began: started.ended, ended: answer.listened.machine }];
  return totalMs(start) - covered(waited, received, dispatched);
};

/** Of the container: from the engine's answer to the start to its listening; negative when it was faster than that. */
export const containerOwnMs: Part = ({ answer, calls }) => {
  return answer.listened.machine - callOf(calls, "POST /containers/start").ended;
};

/** From listening, or being told of the start when that is later, to sending. */
export const containerAfterMs: Part = ({ answer, calls, dispatched }) => {
  return dispatched - Math.max(answer.listened.machine, callOf(calls, "POST /containers/start").ended);
};

/** From the event's coming in to the first call. */
export const containerBeforeMs: Part = ({ calls, received }) => Math.min(...calls.map(({ began }) => began)) - received;

/** How long a call took. */
export function engineMs(what: string): Part {
  return ({ calls }) => {
    const { began, ended } = callOf(calls, what);
    return ended - began;
  };
}

function callOf(calls: readonly EngineCall[], what: string): EngineCall {
  const call = calls.find((each) => each.what === what);
  if (!call) throw new Error(`expected a call ${what}, there were ${calls.map((each) => each.what).join(", ")}`);
  return call;
}

/** The wait for its end lasts as long as the container, and nobody waits for the wait. */
function isWaitedFor({ what }: EngineCall): boolean {
  return !what.endsWith("/wait");
}

/** How much of the time from `from` to `to` the spans cover. */
function covered(spans: readonly Pick<EngineCall, "began" | "ended">[], from: number, to: number): number {
  let [sum, at] = [0, from];
  for (const { began, ended } of [...spans].sort((a, b) => a.began - b.began)) {
    const until = Math.min(ended, to);
    if (until <= at) continue;
    sum += until - Math.max(began, at);
    at = until;
  }
  return sum;
}
