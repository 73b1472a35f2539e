import { type Case, closed, compare, figureOf } from "../case.ts";
import { brokerWithTriggers } from "../rouse/manifests.ts";
import { startLoad, startRouse } from "../sides.ts";

const name = "pipeline.triggers-1000";

/** Events delivered per second with 1,000 triggers of which one matches, against 10. */
export const triggers: Case = {
  promised: [`${name}.ratio-to-10`],
  async run(context) {
    await using load = await startLoad();
    const few = brokerWithTriggers(10, 1, load.sink);
    await using ten = await startRouse(context.binary, { name: "10 triggers", manifests: few });
    const many = brokerWithTriggers(1_000, 1, load.sink);
    await using thousand = await startRouse(context.binary, { name: "1,000 triggers", manifests: many });
    const order = { load: closed, fan: 1 };
    const pairs = await compare(context, load, { side: ten, order }, { side: thousand, order });
    return [
      figureOf(`${name}.ratio-to-10`, "x", pairs, (f, m) => m.deliveredPerSecond / f.deliveredPerSecond),
      figureOf(`${name}.of-1000`, "events/s", pairs, (_, m) => m.deliveredPerSecond),
      figureOf(`${name}.of-10`, "events/s", pairs, (f) => f.deliveredPerSecond),
      figureOf(`${name}.of-1000.cpu`, "us/event", pairs, (_, m) => m.cpuUs),
      figureOf(`${name}.of-10.cpu`, "us/event", pairs, (f) => f.cpuUs),
    ];
  },
};
