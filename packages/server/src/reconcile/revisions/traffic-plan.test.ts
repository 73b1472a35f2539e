import { expect, test } from "vitest";
import { obsolete, planTraffic, type TrafficFacts } from "./traffic-plan.ts";

const facts = (fields: Partial<TrafficFacts>): TrafficFacts => ({
  traffic: undefined,
  revisions: ["a", "b"],
  latestCreated: "b",
  latestReady: "b",
  ...fields,
});
const latest = (revision: string) => [{ revision, percent: 100, tag: undefined, latest: true }];

test("traffic plan: calls go to the latest revision", () => {
  expect(planTraffic(facts({}))).toEqual({ shares: latest("b"), candidate: undefined, missing: [] });
});

test("traffic plan: the first revision gets the calls at once", () => {
  const first = facts({ revisions: ["a"], latestCreated: "a", latestReady: undefined });
  expect(planTraffic(first)).toEqual({ shares: latest("a"), candidate: undefined, missing: [] });
});

test("traffic plan: calls stay with the revision before until the new one was ready", () => {
  expect(planTraffic(facts({ latestReady: "a" }))).toEqual({ shares: latest("a"), candidate: "b", missing: [] });
});

test("traffic plan: a roll back to a named revision leaves the new one alone", () => {
  const back = facts({ traffic: [{ revisionName: "a", percent: 100 }], latestReady: "a" });
  expect(planTraffic(back)).toMatchObject({ shares: [{ revision: "a", percent: 100 }], candidate: undefined });
});

test("traffic plan: parts by percent and a tag without a part", () => {
  const traffic = [
    { revisionName: "a", percent: 90 },
    { latestRevision: true, percent: 10 },
    { revisionName: "a", tag: "old" },
  ];
  expect(planTraffic(facts({ traffic })).shares).toEqual([
    { revision: "a", percent: 90, tag: undefined, latest: false },
    { revision: "b", percent: 10, tag: undefined, latest: true },
    { revision: "a", percent: 0, tag: "old", latest: false },
  ]);
});

test("traffic plan: a revision that does not exist is told and gets nothing", () => {
  const traffic = [
    { revisionName: "gone", percent: 50 },
    { revisionName: "a", percent: 50 },
  ];
  expect(planTraffic(facts({ traffic }))).toMatchObject({ shares: [{ revision: "a" }], missing: ["gone"] });
});

test("traffic plan: a latest ready revision that was deleted is none", () => {
  expect(planTraffic(facts({ revisions: ["b"], latestReady: "a" })).shares).toEqual(latest("b"));
});

test("traffic plan: of the revisions that nothing leads to the newest are kept", () => {
  const many = facts({ revisions: ["a", "b", "c", "d", "e"], latestCreated: "e", latestReady: "e" });
  expect(obsolete(many, planTraffic(many), 2)).toEqual(["a", "b"]);
  const pinned = facts({ ...many, traffic: [{ revisionName: "a", percent: 100 }] });
  expect(obsolete(pinned, planTraffic(pinned), 2)).toEqual(["b"]);
});
