import { expect, test } from "vitest";
import { workloadOf } from "../workload.testing.ts";
import { nextAlarm } from "./next-alarm.ts";
import { freeSlots } from "./serving-state.ts";
import { Bench } from "./states.testing.ts";

test("states: one start serves all who wait, up to the slots of the instance", () => {
  const bench = new Bench({ concurrency: 50 });
  expect(bench.kinds({ kind: "acquire" })).toEqual(["start", "starting"]);
  for (let n = 1; n < 50; n++) expect(bench.kinds({ kind: "acquire" })).toEqual([]);
  const grants = bench.ready(1).filter((it) => it.kind === "grant");
  expect(grants).toHaveLength(50);
  expect(freeSlots(bench.state)).toBe(0);
});

test("states: a caller waits while all slots are taken, and gets the one that is released", () => {
  const bench = new Bench({ maxScale: 1 });
  bench.feed({ kind: "acquire" });
  bench.ready(1);
  expect(bench.kinds({ kind: "acquire" })).toEqual([]);
  expect(bench.feed({ kind: "released", id: 1 })).toEqual([{ kind: "grant", id: 1, fresh: undefined }]);
});

test("states: the fullest instance with a free slot is used first", () => {
  const bench = new Bench({ concurrency: 2, minScale: 2 });
  bench.feed({ kind: "alarm" });
  bench.ready(1);
  bench.ready(2);
  bench.feed({ kind: "acquire" });
  expect(bench.feed({ kind: "acquire" })).toMatchObject([{ kind: "grant", id: 1 }]);
});

test("states: more instances start one by one until the first is ready, then as many as are ready", () => {
  const bench = new Bench({ maxScale: 8 });
  for (let n = 0; n < 8; n++) bench.feed({ kind: "acquire" });
  expect(bench.states()).toEqual(["1 starting"]);
  bench.ready(1);
  expect(bench.states()).toEqual(["1 ready", "2 starting"]);
  bench.ready(2);
  expect(bench.states()).toEqual(["1 ready", "2 ready", "3 starting", "4 starting"]);
});

test("states: an instance is stopped when it was idle for the idle time, except those of minScale", () => {
  const bench = new Bench({ idleMs: 1000, minScale: 1 });
  bench.feed({ kind: "alarm" });
  bench.ready(1);
  bench.feed({ kind: "acquire" });
  bench.feed({ kind: "acquire" });
  bench.ready(2);
  bench.feed({ kind: "released", id: 1 });
  bench.feed({ kind: "released", id: 2 });
  expect(nextAlarm(bench.state, bench.now)).toBe(1000);
  bench.now = 1000;
  expect(bench.kinds({ kind: "alarm" })).toEqual(["idle", "stop"]);
  expect(bench.states()).toEqual(["1 stopping", "2 ready"]);
  expect(nextAlarm(bench.state, bench.now)).toBeUndefined();
});

test("states: a start that fails holds all who wait, and those who come during the back-off", () => {
  const bench = new Bench();
  bench.feed({ kind: "acquire" });
  bench.feed({ kind: "acquire" });
  const hold = { kind: "hold", reason: "exited with code 1", retryAfterMs: 1000, failing: true };
  expect(bench.exit(1)).toContainEqual(hold);
  bench.now = 400;
  expect(bench.feed({ kind: "acquire" })).toEqual([{ ...hold, retryAfterMs: 600 }]);
  expect(bench.kinds({ kind: "wake" })).toEqual([]);
});

test("states: the back-off doubles to a minute, and one instance is tried after it", () => {
  const bench = new Bench();
  const delays: number[] = [];
  for (let n = 1; n <= 8; n++) {
    expect(bench.kinds({ kind: "acquire" })).toEqual(["start", "starting"]);
    expect(bench.kinds({ kind: "acquire" })).toEqual([]);
    bench.exit(n);
    delays.push(bench.state.backoffUntil - bench.now);
    bench.now = bench.state.backoffUntil;
  }
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test("states: an exit within 10 s of ready counts as a failed start, a later one does not", () => {
  const soon = new Bench();
  soon.feed({ kind: "acquire" });
  soon.ready(1);
  soon.now = 9_999;
  soon.exit(1);
  expect(soon.state).toMatchObject({ failures: 1, startFailures: 1, failure: { reason: "ExitedSoonAfterReady" } });
  const later = new Bench();
  later.feed({ kind: "acquire" });
  later.ready(1);
  later.now = 10_000;
  later.exit(1);
  expect(later.state).toMatchObject({ failures: 0, failure: undefined, instances: [] });
});

test("states: failures are forgiven after 60 s of readiness", () => {
  const bench = new Bench({ idleMs: 1e9 });
  bench.feed({ kind: "acquire" });
  bench.exit(1);
  bench.now = 2000;
  bench.feed({ kind: "acquire" });
  bench.ready(2);
  expect(bench.state.failure).toBeUndefined();
  bench.now += 60_000;
  bench.exit(2);
  expect(bench.state.failures).toBe(0);
});

test("states: minScale is started again by itself when the back-off is over", () => {
  const bench = new Bench({ minScale: 1 });
  bench.feed({ kind: "alarm" });
  bench.exit(1);
  expect(nextAlarm(bench.state, bench.now)).toBe(1000);
  bench.now = 1000;
  expect(bench.kinds({ kind: "alarm" })).toEqual(["start", "starting"]);
});

test("states: a new generation stops what is idle at once", () => {
  const bench = new Bench();
  bench.feed({ kind: "wake" });
  bench.ready(1);
  expect(bench.kinds({ kind: "configured", workload: workloadOf({ generation: 2 }) })).toEqual(["stop"]);
});

test("states: a new generation takes over from a busy instance when it is ready, and the old one then drains", () => {
  const bench = new Bench({ maxScale: 1 });
  bench.feed({ kind: "acquire" });
  bench.ready(1);
  bench.feed({ kind: "configured", workload: workloadOf({ generation: 2, maxScale: 1 }) });
  expect(bench.states()).toEqual(["1 ready", "2 starting"]);
  bench.ready(2);
  expect(bench.states()).toEqual(["1 draining", "2 ready"]);
  expect(bench.feed({ kind: "acquire" })).toMatchObject([{ kind: "grant", id: 2 }]);
  expect(bench.kinds({ kind: "released", id: 1 })).toEqual(["stop"]);
});

test("states: recycling clears a back-off, since the file that was saved may be the repair", () => {
  const bench = new Bench();
  bench.feed({ kind: "acquire" });
  bench.exit(1);
  expect(bench.kinds(bench.save())).toEqual(["recycled"]);
  expect(bench.kinds({ kind: "acquire" })).toEqual(["start", "starting"]);
});

test("states: a change that came before the instance was started recycles nothing", () => {
  const bench = new Bench();
  const early = bench.save();
  bench.now = 50;
  bench.feed({ kind: "wake" });
  expect(bench.kinds(early)).toEqual([]);
  bench.ready(1);
  bench.now = 100;
  expect(bench.kinds(early)).toEqual([]);
  expect(bench.kinds(bench.save())).toEqual(["recycled", "stop"]);
});

test("states: changes that came while an instance was starting recycle it once, when it is ready", () => {
  const bench = new Bench();
  bench.feed({ kind: "wake" });
  expect(bench.kinds(bench.save("a.js"))).toEqual(["noted"]);
  expect(bench.kinds(bench.save("b.js"))).toEqual(["noted"]);
  expect(bench.ready(1).slice(1)).toEqual([
    { kind: "recycled", paths: ["a.js", "b.js"] },
    { kind: "stop", id: 1 },
  ]);
  bench.exit(1);
  bench.feed({ kind: "wake" });
  expect(bench.ready(2)).toMatchObject([{ change: "ready" }]);
});

test("states: a start that fails after a file changed is tried anew at once, since the change may be the repair", () => {
  const bench = new Bench();
  bench.feed({ kind: "acquire" });
  bench.feed(bench.save());
  expect(bench.exit(1).map((it) => it.kind)).toEqual(["change", "recycled", "start", "change"]);
  expect(bench.states()).toEqual(["2 starting"]);
  expect(bench.exit(2).map((it) => it.kind)).toEqual(["change", "hold"]);
});

test("states: when quiet, what is starting becomes ready and serves, and nothing is started after it", () => {
  const bench = new Bench({ maxScale: 3 });
  bench.feed({ kind: "acquire" });
  bench.feed({ kind: "acquire" });
  expect(bench.kinds({ kind: "quiet" })).toEqual([]);
  expect(bench.ready(1).map((it) => it.kind)).toEqual(["change", "grant"]);
  expect(bench.kinds(bench.save())).toEqual([]);
  bench.now = 20_000;
  expect(bench.exit(1)).toContainEqual({
    kind: "hold",
    reason: "the serving client is closing",
    retryAfterMs: 1_000,
    failing: false,
  });
  expect(bench.kinds({ kind: "wake" })).toEqual([]);
  expect(bench.states()).toEqual([]);
});

test("states: a removed workload drains, and stops an instance that keeps its lease longer than a request may take", () => {
  const bench = new Bench({ requestTimeoutMs: 500 });
  bench.feed({ kind: "acquire" });
  bench.ready(1);
  bench.feed({ kind: "removed" });
  expect(bench.states()).toEqual(["1 draining"]);
  expect(bench.kinds({ kind: "acquire" })).toEqual(["hold"]);
  expect(nextAlarm(bench.state, 0)).toBe(500);
  bench.now = 500;
  expect(bench.kinds({ kind: "alarm" })).toEqual(["stop"]);
});

test("states: a start that timed out is stopped and counts as failed once", () => {
  const bench = new Bench();
  bench.feed({ kind: "acquire" });
  const effects = bench.kinds({ kind: "timed-out", id: 1, message: "nothing listened", chance: 0.5 });
  expect(effects).toEqual(["stop", "failed", "hold"]);
  expect(bench.exit(1)).toMatchObject([{ kind: "change", change: "stopped" }]);
  expect(bench.state).toMatchObject({ failures: 1, instances: [] });
});

test("states: releasing a lease of an instance that has exited changes nothing", () => {
  const bench = new Bench();
  bench.feed({ kind: "acquire" });
  bench.ready(1);
  bench.now = 20_000;
  bench.exit(1);
  expect(bench.feed({ kind: "released", id: 1 })).toEqual([]);
});
