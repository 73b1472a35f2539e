import type { BareStart, WakerMethods } from "../bare/waker.ts";
import type { Case } from "../case.ts";
import { startChild } from "../child.ts";
import { median, quantile } from "../figure.ts";
import { brokerWithService } from "../rouse/manifests.ts";
import { coldStarts, type Part, partFigures, shareFigures, totalMs } from "../serving/cold-start-parts.ts";
import { programFolder } from "../serving/program-folder.ts";
import { type Answered, asleep } from "../serving/waking.ts";
import { startRouse } from "../sides.ts";

const name = "cold-start.share";
const service = "sleeper";

const ownMs: Part = ({ answer, spawned }) => answer.listened.machine - spawned;
const shareMs: Part = (start) => totalMs(start) - ownMs(start);

/**
 * From an event's coming in to its being sent to a process that had to be started, less the time from the spawn of
 * that process until it listens: what a cold start costs beyond what nobody but the process can help. Beside it the same by hand, with nothing stored or told: the machine's own lag.
 */
export const coldStart: Case = {
  promised: [`${name}.ms`, `${name}.p99-ms`],
  async run({ binary, options }) {
    await using place = await programFolder();
    const manifests = brokerWithService(service, place.program, { "idle-timeout": "PT0.02S" });
    const watch = { program: "node" };
    await using rouse = await startRouse(binary, { name: "rouse", manifests, watch, workdir: place.folder });
    await using bare = startChild<WakerMethods>("./bare/waker.js");
    await coldStarts(rouse, service, 5);
    const runs: Answered[][] = [];
    const bareRuns: BareStart[][] = [];
    for (let at = 0; at < options.runs; at++) {
      const [own, by]: [Answered[], BareStart[]] = [[], []];
      // In turn, so that both meet the same machine.
      for (let start = 0; start < (options.quick ? 8 : 40); start++) {
        own.push(...(await coldStarts(rouse, service, 1)));
        await asleep(rouse, service);
        by.push(await bare.call("wake", place.folder));
      }
      runs.push(own);
      bareRuns.push(by);
    }
    const bareShares = bareRuns.map((all) => all.map(({ ownMs, totalMs }) => totalMs - ownMs));
    return [
      ...shareFigures(name, runs, shareMs),
      ...partFigures(runs, {
        "cold-start.total": totalMs,
        "cold-start.process-to-listen": ownMs,
        "cold-start.received-to-spawn": ({ received, spawned }) => spawned - received,
        "cold-start.listening-to-dispatched": ({ answer, dispatched }) => dispatched - answer.listened.machine,
        "cold-start.received-to-stored": ({ received, stored }) => stored - received,
        // Negative when the router was faster than the acknowledgement.
        "cold-start.stored-to-routed": ({ routed, stored }) => routed - stored,
      }),
      { name: "cold-start.share-of-bare", unit: "ms", runs: bareShares.map(median) },
      { name: "cold-start.share-of-bare.p99", unit: "ms", runs: bareShares.map((all) => quantile(all, 0.99)) },
    ];
  },
};
