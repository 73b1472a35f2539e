import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case } from "../case.ts";
import type { Delivery } from "../rouse/deliveries.ts";
import { brokerWithService } from "../rouse/manifests.ts";
import { programFolder } from "../serving/program-folder.ts";
import { asleep, deliverOne } from "../serving/waking.ts";
import { startRouse } from "../sides.ts";

const service = "stumbler";
const startsFile = "starts";
const arrivedFile = "arrived";
const failEvery = 10;

/** Every tenth start ends at once. What arrived is written down: what an instance says of itself is lost with it. */
const before = `
const { appendFileSync, statSync } = require("node:fs");
appendFileSync("${startsFile}", ".");
if (statSync("${startsFile}").size % ${failEvery} === 0) process.exit(1);
const delivered = (id) => appendFileSync("${arrivedFile}", id + "\\n");
`;

/** Cold starts of which one in ten fails: no event is lost by that, and no attempt of any is counted. */
export const coldStartFailing: Case = {
  promised: ["cold-start.lost", "cold-start.retries-burned"],
  async run({ binary, options }) {
    const count = options.quick ? 20 : 200;
    await using place = await programFolder(before);
    const manifests = brokerWithService(service, place.program, { "idle-timeout": "PT0.02S" });
    await using rouse = await startRouse(binary, { name: "rouse", manifests, watch: {}, workdir: place.folder });
    const attempts: Delivery[] = [];
    const accepted = new Set<string>();
    for (let at = 0; at < count; at++) {
      await asleep(rouse, service);
      const { all, last } = await deliverOne(rouse);
      attempts.push(...all);
      accepted.add(last.answer.id);
    }
    await asleep(rouse, service);
    attempts.push(...(await rouse.server.call("deliveries", undefined)));
    const starts = (await readFile(join(place.folder, startsFile), "utf8")).length;
    const failed = Math.floor(starts / failEvery);
    if (starts - failed < count)
      throw new Error(`expected ${count} starts that succeed, there were ${starts - failed}`);
    const arrived = (await readFile(join(place.folder, arrivedFile), "utf8")).trimEnd().split("\n");
    const once = new Set(arrived);
    const lost = [...accepted].filter((id) => !once.has(id)).length;
    const burned = attempts.filter(({ attempt, verdict }) => attempt > 1 || verdict === "again" || verdict === "dead");
    const figure = (name: string, value: number) => ({ name, unit: "", runs: [value] });
    return [
      figure("cold-start.lost", lost),
      figure("cold-start.retries-burned", burned.length),
      figure("cold-start.doubled", arrived.length - once.size),
      figure("cold-start.starts-that-failed", failed),
      figure("cold-start.starts-that-succeeded", starts - failed),
    ];
  },
};
