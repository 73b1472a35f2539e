import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { AppliedConfiguration } from "./configuration.ts";

test("configuration: whoever waits for a revision is told when it is applied, and no timer is left", async () => {
  const clock = new ManualClock();
  const configuration = new AppliedConfiguration(clock, async () => 100);
  const reached = configuration.reached(7, 5_000);
  configuration.advance(6);
  configuration.advance(7);
  expect(await reached).toBe(true);
  await clock.advance(0);
  expect(clock.timers).toBe(0);
});

test("configuration: waiting ends with false when the revision does not come in time", async () => {
  const clock = new ManualClock();
  const configuration = new AppliedConfiguration(clock, async () => 100);
  const reached = configuration.reached(7, 5_000);
  await clock.advance(5_000);
  expect(await reached).toBe(false);
});

test("configuration: an older revision never takes it back", () => {
  const configuration = new AppliedConfiguration(new ManualClock(), async () => 100);
  configuration.advance(9);
  configuration.advance(3);
  expect(configuration.revision).toBe(9);
  expect(configuration.loaded).toBe(false);
  configuration.markLoaded();
  expect(configuration.loaded).toBe(true);
});

test("configuration: a revision that exists nowhere any more is not waited for again and again", async () => {
  const clock = new ManualClock();
  const configuration = new AppliedConfiguration(clock, async () => 4);
  configuration.advance(4);
  const reached = configuration.reached(900, 5_000);
  await clock.advance(5_000);
  expect(await reached).toBe(true);
});

test("configuration: while the store is away, nobody knows whether a revision exists", async () => {
  const clock = new ManualClock();
  const configuration = new AppliedConfiguration(clock, () => Promise.reject(new Error("away")));
  const reached = configuration.reached(900, 5_000);
  await clock.advance(5_000);
  expect(await reached).toBe(false);
});
