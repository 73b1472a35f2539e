import type { Checks } from "@rouse/resources";
import { parseSchedule } from "@rouse/sources";
import { parseFilter } from "@rouse/triggers";

/** The domains' own parsers, for admission: the same on a server and offline. */
export const domainChecks: Checks = {
  filter(filter) {
    const parsed = parseFilter({ filters: [filter] });
    if (parsed.kind === "filter") return [];
    return parsed.problems.map(({ path, message }) => ({ path: path.replace(/^filters\[0\]\.?/, ""), message }));
  },
  schedule(schedule, timezone) {
    const parsed = parseSchedule(schedule, timezone);
    if (parsed.kind === "ok") return [];
    // A problem of the zone says so by its first word; everything else is about the schedule.
    const zone = /^timezone: /;
    const path = zone.test(parsed.message) ? "timezone" : "schedule";
    return [{ path, message: parsed.message.replace(zone, ""), hint: parsed.hint }];
  },
};
