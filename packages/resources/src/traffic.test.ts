import { expect, test } from "vitest";
import { trafficProblems, trafficSchema } from "./traffic.ts";

const paths = (traffic: Parameters<typeof trafficProblems>[0]) => trafficProblems(traffic).map(({ path }) => path);

test("traffic: percents add up to 100", () => {
  expect(paths([{ percent: 100 }])).toEqual([]);
  expect(paths([{ revisionName: "a", percent: 90 }, { percent: 10 }])).toEqual([]);
  expect(paths([{ percent: 90 }])).toEqual(["spec.traffic"]);
  expect(paths([{ revisionName: "a", tag: "old" }, { percent: 100 }])).toEqual([]);
});

test("traffic: a tag stands once", () => {
  expect(
    paths([
      { percent: 100, tag: "x" },
      { revisionName: "a", tag: "x" },
    ]),
  ).toEqual(["spec.traffic[1].tag"]);
});

test("traffic: a target names a revision or follows the latest, not both and not neither", () => {
  expect(paths([{ revisionName: "a", latestRevision: true, percent: 100 }])).toEqual([
    "spec.traffic[0].latestRevision",
  ]);
  expect(paths([{ latestRevision: false, percent: 100 }])).toEqual(["spec.traffic[0].revisionName"]);
});

test("traffic: nothing is the latest revision, all of it", () => {
  expect(paths(undefined)).toEqual([]);
  expect(paths([])).toEqual([]);
});

test("traffic: a percent above 100 and a tag with a dot are refused by the schema", () => {
  expect(trafficSchema.safeParse([{ percent: 101 }]).success).toBe(false);
  expect(trafficSchema.safeParse([{ percent: 100, tag: "a.b" }]).success).toBe(false);
});
