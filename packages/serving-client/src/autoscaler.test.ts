import fc from "fast-check";
import { expect, test } from "vitest";
import { startsAllowed, unlimitedScale, wantedInstances } from "./autoscaler.ts";

const none = { busy: 0, waiting: 0, concurrency: 1, minScale: 0, maxScale: 5 };

test("autoscaler: wants nothing when nothing is to be done", () => {
  expect(wantedInstances(none)).toBe(0);
});

test("autoscaler: fills instances of few slots completely, and others to 70 %", () => {
  expect(wantedInstances({ ...none, busy: 2, waiting: 1, concurrency: 3 })).toBe(1);
  expect(wantedInstances({ ...none, busy: 7, concurrency: 10 })).toBe(1);
  expect(wantedInstances({ ...none, busy: 7, waiting: 1, concurrency: 10 })).toBe(2);
});

test("autoscaler: a concurrency of 0 counts as 100 and a maxScale of 0 as the limit of one machine", () => {
  expect(wantedInstances({ ...none, busy: 70, concurrency: 0 })).toBe(1);
  expect(wantedInstances({ ...none, waiting: 1000, maxScale: 0 })).toBe(unlimitedScale);
});

test("autoscaler: stays within min and max for any demand", () => {
  const nat = fc.nat(1000);
  fc.assert(
    fc.property(nat, nat, nat, fc.nat(5), fc.integer({ min: 5, max: 50 }), (busy, waiting, concurrency, min, max) => {
      const wanted = wantedInstances({ busy, waiting, concurrency, minScale: min, maxScale: max });
      expect(wanted).toBeGreaterThanOrEqual(min);
      expect(wanted).toBeLessThanOrEqual(max);
      if (busy + waiting > 0) expect(wanted).toBeGreaterThanOrEqual(1);
    }),
  );
});

test("autoscaler: starts one until one was ready, then doubles", () => {
  expect(startsAllowed(0, 0, false)).toBe(1);
  expect(startsAllowed(0, 1, false)).toBe(0);
  expect(startsAllowed(4, 0, false)).toBe(1);
  expect(startsAllowed(0, 0, true)).toBe(1);
  expect(startsAllowed(4, 1, true)).toBe(3);
});
