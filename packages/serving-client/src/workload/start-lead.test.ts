import { expect, test } from "vitest";
import { startLeadMs } from "./start-lead.ts";

test("start lead: an instance is wanted 1.2 times the slow end of the last starts and 50 ms ahead", () => {
  expect(startLeadMs({ p50: 80, p95: 100 }, "process")).toBe(100 * 1.2 + 50);
  expect(startLeadMs({ p50: 80, p95: 1_000 }, "container")).toBe(1_000 * 1.2 + 50);
});

test("start lead: goes by the kind of program before the first start", () => {
  expect([startLeadMs(undefined, "process"), startLeadMs(undefined, "container")]).toEqual([1_000, 3_000]);
});
