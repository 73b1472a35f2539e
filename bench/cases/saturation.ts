import { type Case, closed, compare, figureOf } from "../case.ts";
import { brokerWithTriggers } from "../rouse/manifests.ts";
import { startBare, startLoad, startRouse } from "../sides.ts";

const name = "pipeline.saturation";

/** Events delivered per second when producers send as fast as they are answered, against the bare pipeline. */
export const saturation: Case = {
  promised: [`${name}.ratio-to-bare`],
  async run(context) {
    await using load = await startLoad();
    await using bare = await startBare(context.binary, load.sink);
    const manifests = brokerWithTriggers(10, 1, load.sink);
    await using rouse = await startRouse(context.binary, { name: "rouse", manifests });
    const order = { load: closed, fan: 1 };
    const pairs = await compare(context, load, { side: bare, order }, { side: rouse, order });
    return [
      figureOf(`${name}.ratio-to-bare`, "x", pairs, (b, r) => r.deliveredPerSecond / b.deliveredPerSecond),
      figureOf(`${name}.rouse`, "events/s", pairs, (_, r) => r.deliveredPerSecond),
      figureOf(`${name}.bare`, "events/s", pairs, (b) => b.deliveredPerSecond),
      figureOf(`${name}.accepted-ratio`, "x", pairs, (b, r) => r.acceptedPerSecond / b.acceptedPerSecond),
      figureOf(`${name}.rouse.cpu`, "us/event", pairs, (_, r) => r.cpuUs),
      figureOf(`${name}.bare.cpu`, "us/event", pairs, (b) => b.cpuUs),
      figureOf(`${name}.rouse.p50`, "ms", pairs, (_, r) => r.p50Ms),
      figureOf(`${name}.bare.p50`, "ms", pairs, (b) => b.p50Ms),
      figureOf(`${name}.rouse.drain`, "ms", pairs, (_, r) => r.drainMs),
      figureOf(`${name}.repeated`, "events", pairs, (_, r) => r.repeated),
    ];
  },
};
