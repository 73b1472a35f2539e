import { type Case, compare, figureOf } from "../case.ts";
import { brokerWithTriggers } from "../rouse/manifests.ts";
import { startBare, startLoad, startRouse } from "../sides.ts";

const name = "pipeline.500-per-second";
const perSecond = 500;

/** Latency from sending to delivery at 500 events a second, against the bare pipeline. */
export const steady: Case = {
  promised: [`${name}.p99-ratio-to-bare`],
  async run(context) {
    await using load = await startLoad();
    await using bare = await startBare(context.binary, load.sink);
    const manifests = brokerWithTriggers(10, 1, load.sink);
    await using rouse = await startRouse(context.binary, { name: "rouse", manifests });
    const order = { load: { kind: "open", perSecond }, fan: 1 } as const;
    // The slowest hundredth of a short window is a handful of events.
    const windowMs = 2 * context.options.windowMs;
    const pairs = await compare(context, load, { side: bare, order }, { side: rouse, order }, windowMs);
    return [
      figureOf(`${name}.p99-ratio-to-bare`, "x", pairs, (b, r) => r.p99Ms / b.p99Ms),
      figureOf(`${name}.rouse.p99`, "ms", pairs, (_, r) => r.p99Ms),
      figureOf(`${name}.bare.p99`, "ms", pairs, (b) => b.p99Ms),
      figureOf(`${name}.rouse.p50`, "ms", pairs, (_, r) => r.p50Ms),
      figureOf(`${name}.bare.p50`, "ms", pairs, (b) => b.p50Ms),
    ];
  },
};
