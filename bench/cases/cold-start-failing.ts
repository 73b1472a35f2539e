import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case } from "../case.ts";
import type { Delivery } from "../rouse/deliveries.ts";
import { brokerWithServices } from "../rouse/manifests.ts";
import { programFolder } from "../serving/program-folder.ts";
import { asleep, deliverOne } from "../serving/waking.ts";
import { startRouse } from "../sides.ts";

const startsFile = "starts";
const arrivedFile = "arrived";
const failEvery = 10;

/** Every tenth start of a service ends at once. What arrived is written down: what an instance says of itself is lost with it. */
const before = `
const { appendFileSync, statSync } = require("node:fs");
const starts = "${startsFile}-" + process.env.K_SERVICE;
appendFileSync(starts, ".");
if (statSync(starts).size % ${failEvery} === 0) process.exit(1);
const delivered = (id) => appendFileSync("${arrivedFile}", id + "\\n");
`;

/**
 * Cold starts of which one in ten fails: no event is lost by that, and no attempt of any is counted. Of many services, each
 * with one failure: the back-off of one service grows with its failures.
 */
export const coldStartFailing: Case = {
  promised: ["cold-start.lost", "cold-start.retries-burned"],
  async run({ binary, options }) {
    const names = Array.from({ length: options.quick ? 2 : 20 }, (_, at) => `stumbler-${at}`);
    const count = names.length * failEvery;
    await using place = await programFolder(before);
    const manifests = brokerWithServices(names, place.program, { "idle-timeout": "PT0.02S" });
    await using rouse = await startRouse(binary, { name: "rouse", manifests, watch: {}, workdir: place.folder });
    const attempts: Delivery[] = [];
    const accepted = new Set<string>();
    for (let at = 0; at < count; at++) {
      const service = names[at % names.length]!;
      await asleep(rouse, service);
      const { all, last } = await deliverOne(rouse, service);
      attempts.push(...all);
      accepted.add(last.answer.id);
    }
    for (const service of names) await asleep(rouse, service);
    attempts.push(...(await rouse.server.call("deliveries", undefined)));
    const each = names.map(
      async (name) => (await readFile(join(place.folder, `${startsFile}-${name}`), "utf8")).length,
    );
    const startsOfEach = await Promise.all(each);
    const starts = startsOfEach.reduce((sum, one) => sum + one, 0);
    const failed = startsOfEach.reduce((sum, one) => sum + Math.floor(one / failEvery), 0);
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
