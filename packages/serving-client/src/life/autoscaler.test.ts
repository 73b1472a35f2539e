import fc from "fast-check";
import { expect, test } from "vitest";
import {
  aimOf,
  mostOf,
  startsAllowed,
  unlimitedScale,
  wantedForBacklog,
  wantedForQueue,
  wantedForTasks,
} from "./autoscaler.ts";

test("autoscaler: wants nothing when nothing is to be done", () => {
  expect(wantedForTasks(0, { concurrency: 1 })).toBe(0);
});

test("autoscaler: fills instances of few slots completely, and others to 70 %", () => {
  expect(wantedForTasks(3, { concurrency: 3 })).toBe(1);
  expect(wantedForTasks(7, { concurrency: 10 })).toBe(1);
  expect(wantedForTasks(8, { concurrency: 10 })).toBe(2);
});

test("autoscaler: aims at what is told instead, at most at all slots", () => {
  expect(aimOf({ concurrency: 10, utilization: 0.5 })).toBe(5);
  expect(aimOf({ concurrency: 10, utilization: 0.5, target: 8 })).toBe(8);
  expect(aimOf({ concurrency: 10, target: 200 })).toBe(10);
});

test("autoscaler: a concurrency of 0 counts as 100 and a maxScale of 0 as the limit of one machine", () => {
  expect(wantedForTasks(70, { concurrency: 0 })).toBe(1);
  expect(mostOf(0)).toBe(unlimitedScale);
});

test("autoscaler: wants no more for a queue that is served within a quarter of a start", () => {
  const queue = { waiting: 12, rate: 0, durationMs: 100, coldMs: 500, slots: 10, ready: 1 };
  expect(wantedForQueue(queue)).toBe(0);
  expect(wantedForQueue({ ...queue, waiting: 13, rate: 0.4 })).toBeGreaterThan(1);
});

test("autoscaler: wants as many as serve within a start who will wait when they are ready", () => {
  const queue = { waiting: 150, rate: 0, durationMs: 100, coldMs: 500, slots: 10, ready: 1 };
  // 50 are served in the meantime; 100 are left for 375 ms.
  expect(wantedForQueue(queue)).toBe(3);
  expect(wantedForQueue({ ...queue, rate: 0.3 })).toBe(10);
});

test("autoscaler: wants at least one for a queue that nothing serves", () => {
  const positive = fc.integer({ min: 1, max: 10_000 });
  fc.assert(
    fc.property(positive, positive, positive, positive, (waiting, durationMs, coldMs, slots) => {
      expect(wantedForQueue({ waiting, rate: 0, durationMs, coldMs, slots, ready: 0 })).toBeGreaterThanOrEqual(1);
    }),
  );
});

test("autoscaler: wants as many for what waits in lanes as are through with it in 30 s", () => {
  expect(wantedForBacklog(3_000, 100, 10)).toBe(1);
  expect(wantedForBacklog(3_001, 100, 10)).toBe(2);
});

test("autoscaler: starts one until one was ready, then doubles", () => {
  expect(startsAllowed(0, 0, false)).toBe(1);
  expect(startsAllowed(0, 1, false)).toBe(0);
  expect(startsAllowed(4, 0, false)).toBe(1);
  expect(startsAllowed(0, 0, true)).toBe(1);
  expect(startsAllowed(4, 1, true)).toBe(3);
});
