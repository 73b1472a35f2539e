import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { ExpectedTimes } from "./expected-times.ts";

test("expected times: the same time is told once, whatever milliseconds the wall clock is corrected by", () => {
  const clock = new ManualClock();
  const times = new ExpectedTimes();
  const at = clock.now() + 60_000;
  expect(times.add(at, clock.now(), clock.monotonic())).toBe(60_000);
  clock.stepWall(20);
  expect(times.add(at, clock.now(), clock.monotonic())).toBeUndefined();
});

test("expected times: the same time is told anew when the wall clock was set, forth and back", async () => {
  const clock = new ManualClock();
  const times = new ExpectedTimes();
  const at = clock.now() + 60_000;
  const add = () => times.add(at, clock.now(), clock.monotonic());
  add();
  clock.stepWall(50_000);
  expect(add()).toBe(10_000);
  clock.stepWall(-50_000);
  expect(add()).toBe(60_000);
  await clock.advance(60_001);
  expect(add()).toBe(60_000);
});
