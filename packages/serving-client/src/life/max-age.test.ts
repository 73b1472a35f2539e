import { expect, test } from "vitest";
import { lifetimeEndsAt } from "./max-age.ts";
import { Bench } from "./states.testing.ts";

const usual = { lifetimeMs: 100_000, idleMs: 1e9, windowMs: 1e9, maxScale: 3 };

test("max age: ends at the lifetime, give or take a tenth", () => {
  for (let id = 1; id < 100; id++) {
    const it = {
      kind: "ready",
      id,
      edition: 1,
      startedAt: 5,
      readySince: 9,
      busy: 0,
      idleSince: 9,
      warmSince: 9,
    } as const;
    expect(Math.abs(lifetimeEndsAt(it, 1_000) - 1_005)).toBeLessThanOrEqual(100);
  }
});

test("max age: an idle instance that is too old is stopped, and started again when it is wanted", () => {
  const bench = new Bench(usual).idle();
  expect(bench.until(110_000).map((it) => it.split(" ")[0])).toEqual(["idle", "stop"]);
  expect(bench.kinds({ kind: "acquire" })).toEqual(["start", "starting"]);
});

test("max age: a busy instance that is too old serves until another one is ready, and then drains", () => {
  const bench = new Bench({ ...usual, maxScale: 1, concurrency: 2 });
  bench.feed({ kind: "acquire" });
  bench.ready(1);
  expect(bench.until(110_000).map((it) => it.split(" ")[0])).toEqual(["start", "starting"]);
  expect(bench.feed({ kind: "acquire" })).toMatchObject([{ kind: "grant", id: 1 }]);
  bench.ready(2);
  expect(bench.states()).toEqual(["1 draining", "2 ready"]);
  bench.feed({ kind: "released", id: 1 });
  expect(bench.kinds({ kind: "released", id: 1 })).toEqual(["stop"]);
});

test("max age: an instance of the minimum is replaced before it goes", () => {
  const bench = new Bench({ ...usual, minScale: 1 });
  bench.feed({ kind: "alarm" });
  bench.ready(1);
  bench.until(110_000);
  expect(bench.states()).toEqual(["1 ready", "2 starting"]);
  expect(bench.ready(2).map((it) => it.kind)).toEqual(["change", "stop"]);
});

test("max age: one instance at a time is replaced", () => {
  const bench = new Bench({ ...usual, minScale: 2 });
  bench.feed({ kind: "alarm" });
  bench.ready(1);
  bench.ready(2);
  bench.until(120_000);
  expect(bench.states()).toEqual(["1 ready", "2 ready", "3 starting"]);
  bench.ready(3);
  bench.exit(bench.state.instances.find((it) => it.kind === "stopping")?.id ?? 0);
  expect(bench.states().filter((it) => it.endsWith("starting"))).toEqual(["4 starting"]);
});

test("max age: an old instance gives way when there is no place for another one beside it", () => {
  const bench = new Bench({ ...usual, maxScale: 1 });
  bench.feed({ kind: "acquire" });
  bench.ready(1);
  bench.until(110_000);
  const full = { reason: "MaxScaleReached", message: "all places are taken", retryAfterMs: 500 };
  bench.feed({ kind: "unplaced", id: 2, ...full });
  expect(bench.states()).toEqual(["1 draining"]);
});

test("max age: a start names those that leave, by age or by another generation, and no others", () => {
  const bench = new Bench({ ...usual, minScale: 2 });
  expect(bench.feed({ kind: "alarm" })).toMatchObject([{ kind: "start", id: 1, leaving: [] }, {}]);
  bench.ready(1);
  bench.ready(2);
  bench.until(110_000);
  const old = bench.state.instances.find((it) => it.kind === "ready" && it.edition === 0)?.id;
  expect(bench.states()).toEqual(["1 ready", "2 ready", "3 starting"]);
  const workload = { ...bench.state.workload, generation: 2 };
  const starts = bench.feed({ kind: "configured", workload }).filter((it) => it.kind === "start");
  expect([old, starts]).toEqual([2, [{ kind: "start", id: 4, leaving: [1, 2, 3] }]]);
});
