import { expect, test } from "vitest";
import { findCondition, initialConditions, isReady, livingSet, updateCondition } from "./conditions.ts";

const set = livingSet("BrokerReady", "SubscriberResolved");
const t0 = Date.UTC(2026, 0, 1);
const start = initialConditions(set, t0);

test("conditions: begin Unknown, Ready included", () => {
  expect(start.map((condition) => [condition.type, condition.status])).toEqual([
    ["BrokerReady", "Unknown"],
    ["Ready", "Unknown"],
    ["SubscriberResolved", "Unknown"],
  ]);
});

test("conditions: Ready is True only when every dependent is", () => {
  const one = updateCondition(set, start, { type: "BrokerReady", status: "True" }, t0);
  expect(isReady(one)).toBe(false);
  const both = updateCondition(set, one, { type: "SubscriberResolved", status: "True" }, t0);
  expect(isReady(both)).toBe(true);
});

test("conditions: a False dependent gives Ready its reason and message, before an Unknown one", () => {
  const change = {
    type: "SubscriberResolved",
    status: "False",
    reason: "NotFound",
    message: "service x is missing",
  } as const;
  expect(findCondition(updateCondition(set, start, change, t0), "Ready")).toMatchObject({
    status: "False",
    reason: "NotFound",
    message: "service x is missing",
  });
});

test("conditions: the transition time moves only when the status changes", () => {
  const first = updateCondition(set, start, { type: "BrokerReady", status: "False", reason: "A" }, t0 + 1000);
  const second = updateCondition(set, first, { type: "BrokerReady", status: "False", reason: "B" }, t0 + 9000);
  expect(findCondition(second, "BrokerReady")).toEqual({
    type: "BrokerReady",
    status: "False",
    reason: "B",
    lastTransitionTime: "2026-01-01T00:00:01Z",
  });
  expect(findCondition(second, "Ready")?.lastTransitionTime).toBe("2026-01-01T00:00:01Z");
});

test("conditions: the same array comes back when nothing changed", () => {
  const change = { type: "BrokerReady", status: "True" } as const;
  const once = updateCondition(set, start, change, t0);
  expect(updateCondition(set, once, change, t0 + 5000)).toBe(once);
});

test("conditions: a warning outside the set leaves Ready as it is", () => {
  const change = { type: "LogPressure", status: "True", severity: "Warning" } as const;
  const after = updateCondition(set, start, change, t0);
  expect(findCondition(after, "Ready")?.status).toBe("Unknown");
  expect(findCondition(after, "LogPressure")?.status).toBe("True");
});
