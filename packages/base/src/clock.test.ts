import { expect, test } from "vitest";
import { sleep } from "./clock.ts";
import { ManualClock } from "./manual-clock.ts";

test("sleep: resolves when the clock reaches its time", async () => {
  const clock = new ManualClock();
  let woke = false;
  const done = sleep(clock, 100).then(() => {
    woke = true;
  });
  await clock.advance(99);
  expect(woke).toBe(false);
  await clock.advance(1);
  await done;
  expect(woke).toBe(true);
});

test("sleep: rejects with the signal's reason and leaves no timer", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const done = sleep(clock, 100, controller.signal);
  controller.abort(new Error("enough"));
  await expect(done).rejects.toThrow("enough");
  expect(clock.timers).toBe(0);
});

test("manual clock: timers fire in order of time, a chain of retries included", async () => {
  const clock = new ManualClock(0);
  const fired: number[] = [];
  const again = (n: number): void => {
    clock.setTimer(100 * 2 ** n, () => {
      fired.push(clock.now());
      if (n < 2) again(n + 1);
    });
  };
  again(0);
  await clock.advance(1000);
  expect(fired).toEqual([100, 300, 700]);
});

test("manual clock: a step of the wall clock fires nothing", async () => {
  const clock = new ManualClock(0);
  let fired = false;
  clock.setTimer(10, () => {
    fired = true;
  });
  clock.stepWall(60_000);
  await clock.advance(0);
  expect(fired).toBe(false);
  expect(clock.now()).toBe(60_000);
});
