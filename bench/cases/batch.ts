import { type Case, closed, compare, connections, figureOf } from "../case.ts";
import { brokerWithTriggers } from "../rouse/manifests.ts";
import { startLoad, startRouse } from "../sides.ts";

const name = "ingest.batch-100";

/**
 * Events accepted per second in batches of 100, against one a request; counts only as long as dispatch, which shares
 * the process, keeps most of its rate.
 */
export const batch: Case = {
  promised: [`${name}.ratio-to-single`, `${name}.dispatch-kept`],
  async run(context) {
    await using load = await startLoad();
    const manifests = brokerWithTriggers(10, 1, load.sink);
    await using rouse = await startRouse(context.binary, { name: "rouse", manifests });
    const batched = { kind: "closed", connections, batch: 100 } as const;
    const pairs = await compare(
      context,
      load,
      { side: rouse, order: { load: closed, fan: 1 } },
      { side: rouse, order: { load: batched, fan: 1 } },
      context.options.windowMs / 2,
    );
    return [
      figureOf(`${name}.ratio-to-single`, "x", pairs, (s, b) => b.acceptedPerSecond / s.acceptedPerSecond),
      figureOf(`${name}.dispatch-kept`, "x", pairs, (s, b) => b.deliveredPerSecond / s.deliveredPerSecond),
      figureOf(`${name}.accepted`, "events/s", pairs, (_, b) => b.acceptedPerSecond),
      figureOf(`${name}.single.accepted`, "events/s", pairs, (s) => s.acceptedPerSecond),
      figureOf(`${name}.delivered`, "events/s", pairs, (_, b) => b.deliveredPerSecond),
      figureOf(`${name}.single.delivered`, "events/s", pairs, (s) => s.deliveredPerSecond),
      figureOf(`${name}.refused`, "requests", pairs, (_, b) => b.refused),
      figureOf(`${name}.drain`, "ms", pairs, (_, b) => b.drainMs),
    ];
  },
};
