import { expect, test } from "vitest";
import { nextAlarm } from "./next-alarm.ts";
import { freeSlots } from "./serving-state.ts";
import { Bench } from "./states.testing.ts";

/** One instance that is frozen. */
function frozenBench(fields: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench({ freezeMs: 1_000, idleMs: 30_000, ...fields }).idle();
  bench.until(1_000);
  bench.feed({ kind: "frozen", id: 1 });
  return bench;
}

test("freezing: an instance is frozen when it was idle for the freeze time, and has no free slots from then on", () => {
  const bench = new Bench({ freezeMs: 1_000 }).idle();
  expect(nextAlarm(bench.state, 0)).toBe(1_000);
  expect(bench.until(1_000)).toEqual(["freeze at 1000"]);
  expect(bench.states()).toEqual(["1 freezing"]);
  expect(freeSlots(bench.state)).toBe(0);
  expect(bench.kinds({ kind: "frozen", id: 1 })).toEqual(["frozen"]);
  expect(bench.states()).toEqual(["1 frozen"]);
});

test("freezing: a caller has a frozen instance go on before another one is started, and is told that it waited for that", () => {
  const bench = frozenBench();
  expect(bench.kinds({ kind: "acquire" })).toEqual(["thaw"]);
  expect(bench.kinds({ kind: "acquire" })).toEqual([]);
  const effects = bench.feed({ kind: "thawed", id: 1 });
  expect(effects.map((it) => (it.kind === "change" ? it.change : it.kind))).toEqual(["thawed", "grant"]);
  expect(effects).toContainEqual({ kind: "grant", id: 1, fresh: "thawed" });
});

test("freezing: a caller that comes while an instance is being frozen gets it when that is done and undone", () => {
  const bench = new Bench({ freezeMs: 1_000 }).idle();
  bench.until(1_000);
  expect(bench.kinds({ kind: "acquire" })).toEqual([]);
  expect(bench.kinds({ kind: "frozen", id: 1 })).toEqual(["frozen", "thaw"]);
  expect(bench.kinds({ kind: "thawed", id: 1 })).toEqual(["thawed", "grant"]);
});

test("freezing: an instance that cannot be frozen serves on, and is not tried again", () => {
  const bench = new Bench({ freezeMs: 1_000, idleMs: 30_000 }).idle();
  bench.until(1_000);
  bench.feed({ kind: "frozen", id: 1, message: "is not permitted" });
  expect(bench.kinds({ kind: "acquire" })).toEqual(["grant"]);
  bench.feed({ kind: "released", id: 1 });
  expect(bench.until(31_000)).toEqual(["idle at 31000", "stop at 31000"]);
});

test("freezing: a frozen instance is stopped after the idle time since its last lease, without being thawed", () => {
  expect(frozenBench().until(60_000)).toEqual(["idle at 30000", "stop at 30000"]);
});

test("freezing: an instance that was woken for nobody is frozen again after the freeze time", () => {
  const bench = frozenBench();
  expect(bench.kinds({ kind: "wake" })).toEqual(["thaw"]);
  bench.now = 5_000;
  bench.feed({ kind: "thawed", id: 1 });
  expect(bench.until(29_000)).toEqual(["freeze at 6000"]);
});

test("freezing: instances of the minimum stay warm", () => {
  const bench = new Bench({ freezeMs: 1_000, minScale: 1 });
  bench.feed({ kind: "alarm" });
  bench.ready(1);
  expect(bench.until(100_000)).toEqual([]);
  expect(bench.states()).toEqual(["1 ready"]);
});

test("freezing: a frozen instance that ends is no failed start", () => {
  const bench = frozenBench();
  expect(bench.exit(1)).toMatchObject([{ change: "failed" }]);
  expect(bench.state).toMatchObject({ instances: [], failures: 0, failure: undefined });
  expect(bench.kinds({ kind: "acquire" })).toEqual(["start", "starting"]);
});

test("freezing: who waits for an instance that cannot go on gets another one", () => {
  const bench = frozenBench();
  bench.feed({ kind: "acquire" });
  expect(bench.exit(1).map((it) => it.kind)).toEqual(["change", "start", "change"]);
  expect(bench.ready(2).map((it) => it.kind)).toEqual(["change", "grant"]);
});

test("freezing: a new generation stops frozen instances at once", () => {
  const bench = frozenBench();
  bench.now += 1;
  expect(bench.kinds(bench.save())).toEqual(["stop"]);
  bench.feed({ kind: "thawed", id: 1 });
  expect(bench.states()).toEqual(["1 stopping"]);
});

test("freezing: what is busy is not frozen, however long ago it was idle", () => {
  const bench = new Bench({ freezeMs: 1_000, concurrency: 5, minScale: 2 });
  bench.feed({ kind: "alarm" });
  bench.ready(1);
  bench.ready(2);
  bench.feed({ kind: "floor", count: 0 });
  bench.feed({ kind: "acquire" });
  expect(bench.until(10_000)).toEqual(["freeze at 1000"]);
  expect(bench.states()).toEqual(["1 ready", "2 freezing"]);
});
