import type { Case } from "../case.ts";
import { brokerWithService } from "../rouse/manifests.ts";
import {
  coldStarts,
  containerAfterMs,
  containerBeforeMs,
  containerOwnMs,
  containerShareMs,
  engineMs,
  partFigures,
  shareFigures,
  totalMs,
} from "../serving/cold-start-parts.ts";
import type { Answered } from "../serving/waking.ts";
import { containerProgram, engineMissing, engineWithNode } from "../serving/with-engine.ts";
import { startRouse } from "../sides.ts";

const name = "cold-start.container-share";
const part = "cold-start.container";
const service = "sleeper";

/** From an event's coming in to its being sent to a container that had to be started, less the engine's calls and the container's own start. */
export const coldStartContainer: Case = {
  promised: [`${name}.ms`, `${name}.p99-ms`],
  missing: engineMissing,
  async run({ binary, options }) {
    await using engine = await engineWithNode();
    const manifests = brokerWithService(service, containerProgram(engine), { "idle-timeout": "PT0.02S" });
    const { socketPath } = engine;
    await using rouse = await startRouse(binary, { name: "rouse", manifests, watch: { socketPath } });
    await coldStarts(rouse, service, 3);
    const runs: Answered[][] = [];
    for (let at = 0; at < options.runs; at++) runs.push(await coldStarts(rouse, service, options.quick ? 4 : 40));
    return [
      ...shareFigures(name, runs, containerShareMs),
      ...partFigures(runs, {
        [`${part}.total`]: totalMs,
        [`${part}.engine-create`]: engineMs("POST /containers/create"),
        [`${part}.engine-attach`]: engineMs("POST /containers/attach"),
        [`${part}.engine-start`]: engineMs("POST /containers/start"),
        [`${part}.started-to-listen`]: containerOwnMs,
        [`${part}.received-to-first-call`]: containerBeforeMs,
        [`${part}.listening-to-dispatched`]: containerAfterMs,
        [`${part}.between-calls`]: (start) =>
          containerShareMs(start) - containerBeforeMs(start) - containerAfterMs(start),
      }),
    ];
  },
};
