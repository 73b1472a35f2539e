import { expect, test } from "vitest";
import { coldMsOf, countArrival, countRelease, countStart, durationMsOf, elapsed, noLoad } from "./load.ts";

test("load: does not know how long requests take before one was answered", () => {
  expect(durationMsOf(noLoad)).toBeUndefined();
});

test("load: finds how long requests take from what is in flight and what comes back", () => {
  let load = elapsed(noLoad, 0);
  load.since = 0;
  load.busy = 10;
  for (let n = 1; n <= 300; n++) {
    load = elapsed(load, n * 5);
    countRelease(load);
  }
  expect(Math.abs((durationMsOf(load) ?? 0) - 50)).toBeLessThan(1);
});

test("load: takes no request to be longer than the time since the first, when the first ones come back at once", () => {
  const load = elapsed({ ...noLoad, at: 0, since: 0, busy: 10 }, 100);
  countRelease(load);
  expect(durationMsOf(load)).toBe(100);
});

test("load: averages what is in flight over seconds and counts what comes over a tenth of one", () => {
  let load = elapsed({ ...noLoad, at: 0, serving: 10 }, 2_000);
  expect(load.meanServing).toBeCloseTo(6.3, 1);
  for (let n = 0; n < 2_000; n++) {
    load = elapsed(load, load.at + 10);
    countArrival(load);
  }
  expect(load.rate * 1_000).toBeGreaterThan(95);
  expect(load.rate * 1_000).toBeLessThan(110);
});

test("load: follows what starts take", () => {
  const load = elapsed(noLoad, 0);
  expect(coldMsOf(load)).toBe(500);
  countStart(load, 80);
  expect(coldMsOf(load)).toBe(80);
  countStart(load, 120);
  expect(coldMsOf(load)).toBe(90);
});
