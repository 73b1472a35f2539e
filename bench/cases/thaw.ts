import { setTimeout as sleep } from "node:timers/promises";
import type { Case, CaseContext } from "../case.ts";
import { type Figure, median } from "../figure.ts";
import { instancesOf } from "../rouse/admin.ts";
import { brokerWithService, type ServiceProgram } from "../rouse/manifests.ts";
import { programFolder } from "../serving/program-folder.ts";
import { until } from "../serving/until.ts";
import { type Answered, deliverOne } from "../serving/waking.ts";
import { containerProgram, engineMissing, engineWithNode } from "../serving/with-engine.ts";
import { type RouseSide, startRouse } from "../sides.ts";

const service = "dozer";
const freezeMs = 400;
/** Long enough to have nothing to do, and too short to be frozen. */
const warmPauseMs = freezeMs / 4;

/** From an event's coming in to its being at a frozen process, less what a warm one takes. */
export const thawProcess: Case = {
  promised: ["thaw.process.ms"],
  async run(context) {
    await using place = await programFolder();
    return await thaws(context, "thaw.process", place.program, { workdir: place.folder, watch: {} });
  },
};

/** The same with a paused container. */
export const thawContainer: Case = {
  promised: ["thaw.container.ms"],
  missing: engineMissing,
  async run(context) {
    await using engine = await engineWithNode();
    const watch = { socketPath: engine.socketPath };
    return await thaws(context, "thaw.container", containerProgram(engine), { watch });
  },
};

async function thaws(
  { binary, options }: CaseContext,
  name: string,
  program: ServiceProgram,
  place: { readonly workdir?: string; readonly watch: { readonly socketPath?: string } },
): Promise<Figure[]> {
  const annotations = { "freeze-after": `PT${freezeMs / 1_000}S`, "idle-timeout": "PT600S" };
  const manifests = brokerWithService(service, program, annotations);
  await using rouse = await startRouse(binary, { name: "rouse", manifests, ...place });
  await deliverOne(rouse);
  await pairs(rouse, 3);
  const runs: Pair[][] = [];
  for (let at = 0; at < options.runs; at++) runs.push(await pairs(rouse, options.quick ? 5 : 20));
  const middle = (value: (pair: Pair) => number) => runs.map((all) => median(all.map(value)));
  const [frozen, warm] = [middle((pair) => toInstanceMs(pair.frozen)), middle((pair) => toInstanceMs(pair.warm))];
  const figures = [
    { name: `${name}.ms`, unit: "ms", runs: frozen.map((ms, at) => ms - warm[at]!) },
    { name: `${name}.frozen`, unit: "ms", runs: frozen },
    { name: `${name}.warm`, unit: "ms", runs: warm },
  ];
  if (!place.watch.socketPath) return figures;
  return [...figures, { name: `${name}.engine-unpause`, unit: "ms", runs: middle(({ frozen }) => unpauseMs(frozen)) }];
}

interface Pair {
  readonly frozen: Answered;
  readonly warm: Answered;
}

/** In turn, so that both meet the same machine. */
async function pairs(rouse: RouseSide, count: number): Promise<Pair[]> {
  const done: Pair[] = [];
  while (done.length < count) {
    await until("the instance was frozen", async () => {
      return (await isFrozen(rouse)) && (await rouse.server.call("quiet", undefined));
    });
    const { last: frozen } = await deliverOne(rouse);
    await sleep(warmPauseMs);
    // The machine had other things to do for longer than that.
    if (await isFrozen(rouse)) continue;
    done.push({ frozen, warm: (await deliverOne(rouse)).last });
  }
  return done;
}

// The lease does not say it: an instance goes on as soon as the event comes in, and is found warm once that is stored.
async function isFrozen(rouse: RouseSide): Promise<boolean> {
  return (await instancesOf(rouse.admin, service)).frozen === 1;
}

function toInstanceMs({ answer, received }: Answered): number {
  return answer.arrived.machine - received;
}

function unpauseMs({ calls }: Answered): number {
  const call = calls.find(({ what }) => what === "POST /containers/unpause");
  return call ? call.ended - call.began : Number.NaN;
}
