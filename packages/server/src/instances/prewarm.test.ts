import { ManualClock } from "@rouse/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createPrewarm } from "./prewarm.ts";
import { type PlannedPing, PrewarmPlan } from "./prewarm-plan.ts";

const minuteMs = 60_000;

/** Ticks at every multiple of a period; counts how often it is asked. */
function every(clock: ManualClock, name: string, periodMs: number): PlannedPing & { asked: number } {
  const ping = {
    namespace: "default",
    name,
    asked: 0,
    nextTick: () => {
      ping.asked++;
      return Math.floor(clock.now() / periodMs) * periodMs + periodMs;
    },
  };
  return ping;
}

function scene(options: { prepares?: (key: string) => boolean } = {}) {
  const clock = new ManualClock();
  const pings: PlannedPing[] = [];
  const told: [string, number][] = [];
  const prewarm = createPrewarm({
    clock,
    pings: () => pings,
    servicesOf: (ping) => [`default/${ping.name}`, `default/${ping.name}`],
    prepares: options.prepares ?? (() => true),
    expect: (key, at) => void told.push([key, at - Date.UTC(2026, 0, 1)]),
  });
  return { clock, pings, told, prewarm };
}

test("prewarm: the next tick is expected once, and the one after it when it has passed", async () => {
  const { clock, pings, told, prewarm } = scene();
  pings.push(every(clock, "a", minuteMs));
  prewarm.changed();
  prewarm.changed();
  await clock.advance(3 * minuteMs + 500);
  expect(told).toEqual([
    ["default/a", minuteMs],
    ["default/a", 2 * minuteMs],
    ["default/a", 3 * minuteMs],
    ["default/a", 4 * minuteMs],
  ]);
  prewarm.close();
  expect(clock.timers).toBe(0);
});

test("prewarm: a tick farther away than the horizon is expected when it has come within it", async () => {
  const { clock, pings, told, prewarm } = scene();
  pings.push(every(clock, "daily", 60 * minuteMs));
  prewarm.changed();
  await clock.advance(49 * minuteMs);
  expect(told).toEqual([]);
  await clock.advance(minuteMs);
  expect(told).toEqual([["default/daily", 60 * minuteMs]]);
  prewarm.close();
});

test("prewarm: what another process prepares for is not expected here, and a change has all looked at again", async () => {
  let here = false;
  const { clock, pings, told, prewarm } = scene({ prepares: () => here });
  pings.push(every(clock, "a", 5 * minuteMs));
  prewarm.changed();
  await clock.advance(1_000);
  expect(told).toEqual([]);
  here = true;
  prewarm.changed();
  await clock.advance(1_000);
  expect(told).toEqual([["default/a", 5 * minuteMs]]);
  prewarm.close();
});

test("prewarm: a source that plans nothing costs no timer", async () => {
  const { clock, pings, prewarm } = scene();
  pings.push({ namespace: "default", name: "paused", nextTick: () => undefined });
  prewarm.changed();
  await clock.advance(1_000);
  expect(clock.timers).toBe(0);
});

test("prewarm: a source that ticks rarely is not asked again because another one ticks often", async () => {
  const { clock, pings, prewarm } = scene();
  const rare = every(clock, "rare", 60 * minuteMs);
  pings.push(rare, every(clock, "often", 1_000));
  prewarm.changed();
  await clock.advance(minuteMs);
  expect(rare.asked).toBe(1);
  prewarm.close();
});

test("prewarm: after a step of the wall clock the ticks that are next by then are expected within a minute", async () => {
  const { clock, pings, told, prewarm } = scene();
  pings.push(every(clock, "a", 5 * minuteMs));
  prewarm.changed();
  await clock.advance(1_000);
  clock.stepWall(60 * minuteMs);
  await clock.advance(minuteMs);
  expect(told.at(-1)).toEqual(["default/a", 65 * minuteMs]);
  prewarm.close();
});

test("prewarm plan: every tick is expected exactly once and within the horizon, however often it is looked", () => {
  const periods = fc.array(fc.integer({ min: 1_000, max: 5_000_000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(periods, fc.array(fc.nat(20_000), { maxLength: 60 }), (periodsMs, extraLooks) => {
      let now = 0;
      const plan = new PrewarmPlan<PlannedPing>(600_000);
      const nextOf = (periodMs: number) => Math.floor(now / periodMs) * periodMs + periodMs;
      plan.renew(
        periodsMs.map((periodMs, n) => ({ namespace: "d", name: String(n), nextTick: () => nextOf(periodMs) })),
      );
      const seen = new Set<string>();
      for (const extraMs of extraLooks) {
        const { expected, nextLookMs } = plan.step(now);
        for (const { ping, at } of expected) {
          const tick = `${ping.name}/${at}`;
          expect(seen.has(tick)).toBe(false);
          seen.add(tick);
          expect(at).toBeGreaterThan(now);
          expect(at - now).toBeLessThanOrEqual(600_000);
        }
        for (const [n, periodMs] of periodsMs.entries()) {
          const at = nextOf(periodMs);
          if (at - now <= 600_000) expect(seen.has(`${n}/${at}`)).toBe(true);
        }
        now += Math.min(nextLookMs ?? 1, extraMs + 1);
      }
    }),
    { numRuns: 60 },
  );
});
