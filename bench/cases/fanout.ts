import { type Case, closed, compare, figureOf } from "../case.ts";
import { brokerWithTriggers } from "../rouse/manifests.ts";
import { startLoad, startRouse } from "../sides.ts";

const name = "pipeline.fanout-5";
const fan = 5;

/** Deliveries per second when every event matches five triggers, against one. */
export const fanout: Case = {
  promised: [`${name}.deliveries-ratio`],
  async run(context) {
    await using load = await startLoad();
    await using one = await startRouse(context.binary, {
      name: "one match",
      manifests: brokerWithTriggers(10, 1, load.sink),
    });
    await using five = await startRouse(context.binary, {
      name: "five matches",
      manifests: brokerWithTriggers(10, fan, load.sink),
    });
    const pairs = await compare(
      context,
      load,
      { side: one, order: { load: closed, fan: 1 } },
      { side: five, order: { load: closed, fan } },
    );
    return [
      figureOf(`${name}.deliveries-ratio`, "x", pairs, (o, f) => f.deliveredPerSecond / o.deliveredPerSecond),
      figureOf(`${name}.of-5`, "deliveries/s", pairs, (_, f) => f.deliveredPerSecond),
      figureOf(`${name}.of-1`, "deliveries/s", pairs, (o) => o.deliveredPerSecond),
      figureOf(`${name}.of-5.accepted`, "events/s", pairs, (_, f) => f.acceptedPerSecond),
      figureOf(`${name}.of-5.cpu`, "us/delivery", pairs, (_, f) => f.cpuUs),
      figureOf(`${name}.of-5.drain`, "ms", pairs, (_, f) => f.drainMs),
    ];
  },
};
