import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { Case } from "../case.ts";
import { median, quantile } from "../figure.ts";
import { instancesOf } from "../rouse/admin.ts";
import { brokerWithService, matchedType } from "../rouse/manifests.ts";
import { type RouseSide, startRouse } from "../sides.ts";

const name = "cold-start.share";
const service = "sleeper";
const listenedFile = "listened";
const patienceMs = 20_000;

/** Listens, and writes down when it began to: the kernel takes connections by then, so this delays nobody. */
const program = `
const { appendFileSync } = require("node:fs");
require("node:http").createServer((request, response) => {
  request.resume();
  response.writeHead(202).end();
}).listen(Number(process.env.PORT), "127.0.0.1", () => {
  appendFileSync("${listenedFile}", Number(process.hrtime.bigint()) / 1e6 + "\\n");
});
`;

/** The parts of one cold start, milliseconds. */
interface Start {
  readonly totalMs: number;
  readonly listenMs: number;
  /** From coming in to being stored. */
  readonly storeMs: number;
  /** From being stored to being matched; negative when the router was faster than the acknowledgement. */
  readonly routeMs: number;
  /** From being matched to the spawn. */
  readonly launchMs: number;
  /** From listening to sending. */
  readonly afterMs: number;
}

/**
 * From an event's coming in to its being sent to a process that had to be started, less the time from the spawn of
 * that process until it listens: what a cold start costs beyond what nobody but the process can help.
 */
export const coldStart: Case = {
  promised: [`${name}.ms`, `${name}.p99-ms`],
  async run({ binary, options }) {
    const workdir = await mkdtemp(join(tmpdir(), "rouse-bench-"));
    try {
      await writeFile(join(workdir, "program.cjs"), program);
      const manifests = brokerWithService(service, "node program.cjs", "PT0.02S");
      await using rouse = await startRouse(binary, { name: "rouse", manifests, coldStarts: "node", workdir });
      const perRun = options.quick ? 8 : 40;
      await starts(rouse, workdir, 5);
      const runs: Start[][] = [];
      for (let at = 0; at < options.runs; at++) runs.push(await starts(rouse, workdir, perRun));
      const each = (value: (starts: readonly Start[]) => number) => runs.map(value);
      const middle = (part: (start: Start) => number) => each((all) => median(all.map(part)));
      return [
        { name: `${name}.ms`, unit: "ms", runs: middle(shareOf) },
        { name: `${name}.p99-ms`, unit: "ms", runs: each((all) => quantile(all.map(shareOf), 0.99)) },
        { name: "cold-start.total", unit: "ms", runs: middle((start) => start.totalMs) },
        { name: "cold-start.process-to-listen", unit: "ms", runs: middle((start) => start.listenMs) },
        { name: "cold-start.received-to-stored", unit: "ms", runs: middle((start) => start.storeMs) },
        { name: "cold-start.stored-to-routed", unit: "ms", runs: middle((start) => start.routeMs) },
        { name: "cold-start.routed-to-spawn", unit: "ms", runs: middle((start) => start.launchMs) },
        { name: "cold-start.listening-to-dispatched", unit: "ms", runs: middle((start) => start.afterMs) },
      ];
    } finally {
      await rm(workdir, { recursive: true, force: true });
    }
  },
};

function shareOf({ listenMs, totalMs }: Start): number {
  return totalMs - listenMs;
}

let sent = 0;

async function starts(rouse: RouseSide, workdir: string, count: number): Promise<Start[]> {
  const done: Start[] = [];
  for (let at = 0; at < count; at++) done.push(await oneStart(rouse, workdir));
  return done;
}

async function oneStart(rouse: RouseSide, workdir: string): Promise<Start> {
  await until("the service went to zero", async () => (await instancesOf(rouse.admin, service)) === 0);
  const headers = { "ce-specversion": "1.0", "ce-type": matchedType, "ce-source": "/bench", "ce-id": String(++sent) };
  const { body, statusCode } = await request(rouse.url, { method: "POST", headers, body: "wake up" });
  await body.dump();
  if (statusCode !== 202) throw new Error(`the event was answered ${statusCode}`);
  const [start] = await until("the event was delivered", async () => {
    const all = await rouse.server.call("coldStarts", undefined);
    return all.length > 0 ? all : undefined;
  });
  const lines = (await readFile(join(workdir, listenedFile), "utf8")).trimEnd().split("\n");
  if (lines.length !== sent) throw new Error(`expected ${sent} starts for as many events, there were ${lines.length}`);
  const listened = Number(lines.at(-1));
  const { dispatched, received, routed, spawned, stored } = start!;
  return {
    totalMs: dispatched - received,
    listenMs: listened - spawned,
    storeMs: stored - received,
    routeMs: routed - stored,
    launchMs: spawned - routed,
    afterMs: dispatched - listened,
  };
}

/** Looks every few milliseconds until there is something. */
async function until<T>(what: string, look: () => Promise<T>): Promise<NonNullable<T>> {
  const began = performance.now();
  while (performance.now() - began < patienceMs) {
    const seen = await look();
    if (seen) return seen;
    await sleep(5);
  }
  throw new Error(`waited ${patienceMs} ms until ${what}`);
}
