import { ManualClock } from "@rouse/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Breakers } from "./breakers.ts";

const hour = 3_600_000;
const target = "url:http://example.test/";

function enter(breakers: Breakers, holdMaxMs = hour) {
  const pass = breakers.enter(target, holdMaxMs);
  if (pass.kind !== "pass") throw new Error(`held for ${pass.waitMs} ms`);
  return pass;
}

function open(breakers: Breakers) {
  return [1, 2, 3, 4, 5].map(() => enter(breakers).settle("down"));
}

test("breaker: five attempts in a row that say down open it; the five themselves count", () => {
  const breakers = new Breakers(new ManualClock());
  expect(open(breakers)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect(breakers.enter(target, hour)).toEqual({ kind: "hold", waitMs: 200 });
});

test("breaker: an answer in between starts the count anew", () => {
  const breakers = new Breakers(new ManualClock());
  for (const health of ["down", "down", "down", "down", "up", "down", "down", "down", "down"] as const) {
    enter(breakers).settle(health);
  }
  expect(breakers.enter(target, hour).kind).toBe("pass");
});

test("breaker: what was in flight when it opened is not counted", () => {
  const breakers = new Breakers(new ManualClock());
  const late = enter(breakers);
  open(breakers);
  expect(late.settle("down")).toBe(200);
});

test("breaker: probes one at a time, at growing distances up to 30 s, uncounted", async () => {
  const clock = new ManualClock();
  const breakers = new Breakers(clock);
  open(breakers);
  const waits: (number | undefined)[] = [];
  let wait = 200;
  for (let probes = 0; probes < 10; probes += 1) {
    await clock.advance(wait - 1);
    expect(breakers.enter(target, hour).kind).toBe("hold");
    await clock.advance(1);
    const probe = enter(breakers);
    expect(breakers.enter(target, hour).kind).toBe("hold");
    wait = probe.settle("down") ?? 0;
    waits.push(wait);
  }
  expect(waits).toEqual([400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
});

test("breaker: a probe that was not made frees the place of the probe", async () => {
  const clock = new ManualClock();
  const breakers = new Breakers(clock);
  open(breakers);
  await clock.advance(200);
  const probe = enter(breakers);
  probe.withdraw();
  probe.withdraw();
  expect(breakers.enter(target, hour).kind).toBe("pass");
});

test("breaker: after recovery concurrency starts at 1 and doubles until the target is trusted", async () => {
  const clock = new ManualClock();
  const breakers = new Breakers(clock);
  open(breakers);
  await clock.advance(200);
  enter(breakers).settle("up");
  const widths: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    const passes = [];
    for (let pass = breakers.enter(target, hour); pass.kind === "pass"; pass = breakers.enter(target, hour))
      passes.push(pass);
    widths.push(passes.length);
    for (const pass of passes) pass.settle("up");
  }
  expect(widths).toEqual([1, 2, 4, 8, 16, 32]);
  expect(breakers.size).toBe(0);
});

test("breaker: a failure while recovering opens it again and is not counted", async () => {
  const clock = new ManualClock();
  const breakers = new Breakers(clock);
  open(breakers);
  await clock.advance(200);
  enter(breakers).settle("up");
  expect(enter(breakers).settle("down")).toBe(200);
  expect(breakers.enter(target, hour).kind).toBe("hold");
});

test("breaker: attempts from before it opened neither take a place of the recovery nor open it again", async () => {
  const clock = new ManualClock();
  const breakers = new Breakers(clock);
  const hanging = [enter(breakers), enter(breakers), enter(breakers)];
  open(breakers);
  await clock.advance(200);
  enter(breakers).settle("up");
  expect(hanging[0]?.settle("down")).toBe(200);
  const trial = enter(breakers);
  expect(breakers.enter(target, hour).kind).toBe("hold");
  trial.settle("up");
  for (const pass of hanging) pass.withdraw();
  expect(breakers.enter(target, hour).kind).toBe("pass");
});

test("breaker: held for as long as allowed, everything passes and counts again", async () => {
  const clock = new ManualClock();
  const breakers = new Breakers(clock);
  open(breakers);
  await clock.advance(1000);
  const [first, second] = [enter(breakers, 1000), enter(breakers, 1000)];
  expect(first.settle("down")).toBeUndefined();
  expect(second.settle("down")).toBeUndefined();
});

test("breaker: under any course it lets a probe through in time and forgets what is well", async () => {
  const courses = fc.array(fc.constantFrom("up", "down", "unknown", "withdraw", "wait"), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(courses, async (course) => {
      const clock = new ManualClock();
      const breakers = new Breakers(clock);
      for (const step of course) {
        if (step === "wait") await clock.advance(1000);
        const pass = breakers.enter(target, hour);
        if (pass.kind === "hold") {
          expect(pass.waitMs).toBeGreaterThan(0);
          expect(pass.waitMs).toBeLessThanOrEqual(30_000);
        } else if (step === "up" || step === "down" || step === "unknown") pass.settle(step);
        else pass.withdraw();
      }
      for (let round = 0; round < 40; round += 1) {
        await clock.advance(30_000);
        for (let pass = breakers.enter(target, hour); pass.kind === "pass"; pass = breakers.enter(target, hour)) {
          pass.settle("up");
          if (breakers.size === 0) break;
        }
      }
      expect(breakers.size).toBe(0);
    }),
    { numRuns: 20 },
  );
});
