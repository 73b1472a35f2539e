import { setTimeout as sleep } from "node:timers/promises";
import type { Case } from "../case.ts";
import { brokerWithTriggers } from "../rouse/manifests.ts";
import { startRouse } from "../sides.ts";

const name = "idle.rss-mb";
const triggers = 100;
const nowhere = "http://127.0.0.1:9";

/** Resident memory of a fresh server process with 100 triggers and nothing to do; its nats-server is not counted. */
export const idle: Case = {
  promised: [name],
  async run({ binary, options }) {
    const runs: number[] = [];
    for (let at = 0; at < options.runs; at++) {
      const manifests = brokerWithTriggers(triggers, 0, nowhere);
      await using rouse = await startRouse(binary, { name: "idle", manifests });
      await sleep(options.warmMs);
      runs.push((await rouse.usage()).rssMb);
    }
    return [{ name, unit: "MiB", runs }];
  },
};
