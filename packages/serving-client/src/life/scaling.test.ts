import { expect, test } from "vitest";
import { workloadOf } from "../workload.testing.ts";
import { nextAlarm } from "./next-alarm.ts";
import { want } from "./serving-state.ts";
import { Bench } from "./states.testing.ts";

/** So many instances, started for as many callers, whose leases came back at once. */
function instances(count: number, fields: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench({ maxScale: count, ...fields });
  for (let n = 0; n < count; n++) bench.feed({ kind: "acquire" });
  for (let n = 1; n <= count; n++) bench.ready(n);
  for (let n = 1; n <= count; n++) bench.feed({ kind: "released", id: n });
  return bench;
}

test("scaling: what is not wanted any more stays for the window, and goes then, all but the last one", () => {
  const bench = instances(3, { windowMs: 60_000, idleMs: 600_000 });
  expect(bench.until(59_999)).toEqual([]);
  expect(bench.until(60_000).filter((it) => it.startsWith("stop"))).toHaveLength(2);
  expect(bench.until(700_000).filter((it) => it.startsWith("stop"))).toEqual(["stop at 600000"]);
});

test("scaling: the scale-down delay keeps instances for longer than the window", () => {
  const bench = instances(2, { windowMs: 60_000, idleMs: 600_000, scaleDownDelayMs: 30_000 });
  expect(bench.until(89_999)).toEqual([]);
  expect(bench.until(90_000)).toEqual(["idle at 90000", "stop at 90000"]);
});

test("scaling: another instance is started for who has waited for a quarter of a start without any progress", () => {
  const bench = new Bench({ idleMs: 1e9 });
  bench.feed({ kind: "acquire" });
  bench.now = 400;
  bench.ready(1);
  bench.now = 410;
  bench.feed({ kind: "released", id: 1 });
  bench.feed({ kind: "acquire" });
  bench.now = 420;
  expect(bench.kinds({ kind: "acquire" })).toEqual([]);
  expect(bench.until(520)).toEqual(["start at 520", "starting at 520"]);
  expect(nextAlarm(bench.state, bench.now)).toBe(620);
});

test("scaling: events in lanes add instances to those that serve, and alone start none", () => {
  const bench = new Bench({ maxScale: 100, idleMs: 1e9 });
  expect(bench.kinds({ kind: "backlog", count: 500 })).toEqual([]);
  bench.feed({ kind: "acquire" });
  expect(bench.states()).toEqual(["1 starting"]);
  bench.ready(1);
  bench.now = 3_000;
  bench.feed({ kind: "released", id: 1 });
  bench.feed({ kind: "acquire" });
  // 500 events of 3 s each, in 30 s.
  expect(want(bench.state)).toBe(50);
  bench.feed({ kind: "backlog", count: 0 });
  expect(want(bench.state)).toBe(1);
});

test("scaling: no more starts than what waits can use", () => {
  const bench = new Bench({ maxScale: 100, concurrency: 10 });
  for (let n = 0; n < 10; n++) bench.feed({ kind: "acquire" });
  bench.ready(1);
  bench.now = 10_000;
  bench.feed({ kind: "released", id: 1 });
  for (let n = 0; n < 4; n++) bench.feed({ kind: "acquire" });
  expect(bench.states()).toEqual(["1 ready", "2 starting"]);
});

test("scaling: the share of the minimum that is told replaces the minimum, and never exceeds it", () => {
  const bench = new Bench({ minScale: 2 });
  bench.feed({ kind: "floor", count: 0 });
  expect(bench.states()).toEqual([]);
  expect(bench.kinds({ kind: "floor", count: 1 })).toEqual(["start", "starting"]);
  bench.ready(1);
  expect(bench.states()).toEqual(["1 ready"]);
  bench.feed({ kind: "configured", workload: workloadOf({ minScale: 0 }) });
  expect(want(bench.state)).toBe(0);
});

test("scaling: a start that has no place is no failure; who waits is held, and nothing is asked for until the time told", () => {
  const bench = new Bench();
  bench.feed({ kind: "acquire" });
  const reason = { reason: "RunsElsewhere", message: "another process runs it" };
  expect(bench.feed({ kind: "unplaced", id: 1, ...reason, retryAfterMs: 2_000 })).toMatchObject([
    { kind: "change", change: "stopped" },
    { kind: "hold", reason: "another process runs it", retryAfterMs: 2_000, failing: false },
  ]);
  expect(bench.state).toMatchObject({ instances: [], failures: 0, noPlace: reason });
  bench.now = 500;
  expect(bench.feed({ kind: "acquire" })).toMatchObject([{ kind: "hold", retryAfterMs: 1_500 }]);
  bench.now = 2_000;
  expect(bench.kinds({ kind: "acquire" })).toEqual(["start", "starting"]);
  bench.ready(2);
  expect(bench.state.noPlace).toBeUndefined();
});

test("scaling: what no process can run is told as a failure since the first time, and costs no back-off", () => {
  const bench = new Bench();
  const nobody = { reason: "NoHost", message: "no process has an engine", retryAfterMs: 1_000 };
  for (const at of [0, 1_000]) {
    bench.now = at;
    bench.feed({ kind: "acquire" });
    const id = bench.state.lastId;
    expect(bench.feed({ kind: "unplaced", id, ...nobody })).toMatchObject([
      { kind: "change", change: "failed", reason: "NoHost" },
      { kind: "hold", reason: "no process has an engine", failing: true },
    ]);
    expect(bench.state).toMatchObject({ failures: 0, failure: { reason: "NoHost", since: 0 } });
  }
  bench.now = 2_000;
  bench.feed({ kind: "acquire" });
  bench.ready(bench.state.lastId);
  expect(bench.state.failure).toBeUndefined();
});

test("scaling: who waits beside an instance that serves is not held when another one has no place", () => {
  const bench = new Bench({ minScale: 2 });
  bench.feed({ kind: "alarm" });
  bench.ready(1);
  bench.feed({ kind: "acquire" });
  bench.feed({ kind: "acquire" });
  const full = { reason: "MaxScaleReached", message: "all places are taken", retryAfterMs: 700 };
  expect(bench.kinds({ kind: "unplaced", id: 2, ...full })).toEqual(["stopped"]);
  expect(nextAlarm(bench.state, 0)).toBeLessThanOrEqual(700);
  expect(bench.until(700)).toEqual(["start at 700", "starting at 700"]);
});

test("scaling: an idle instance that is still wanted for events in lanes sets no alarm again and again", () => {
  const bench = new Bench({ minScale: 2, idleMs: 5_000, windowMs: 10_000 });
  bench.feed({ kind: "backlog", count: 2 });
  bench.feed({ kind: "alarm" });
  bench.ready(1);
  bench.feed({ kind: "acquire" });
  bench.ready(2);
  let alarms = 0;
  for (let at = nextAlarm(bench.state, bench.now); at !== undefined && at < 3_600_000; alarms++) {
    bench.now = at;
    bench.feed({ kind: "alarm" });
    at = nextAlarm(bench.state, bench.now);
  }
  expect(alarms).toBeLessThan(400);
});

test("scaling: a start that fails now and then backs off as the first one, when instances between served until they were idle", () => {
  const bench = new Bench({ idleMs: 1_000 });
  for (let round = 0; round < 5; round++) {
    bench.feed({ kind: "acquire" });
    bench.feed({ kind: "exited", id: bench.state.lastId, message: "exited with code 1", chance: 0.5 });
    expect(bench.state).toMatchObject({ failures: 1, backoffUntil: bench.now + 1_000 });
    bench.now += 1_000;
    bench.feed({ kind: "acquire" });
    const id = bench.state.lastId;
    bench.ready(id);
    bench.feed({ kind: "released", id });
    bench.now += 70_000;
    bench.feed({ kind: "alarm" });
    bench.feed({ kind: "exited", id, message: "was ended by SIGTERM", chance: 0.5 });
    expect(bench.state.instances).toEqual([]);
  }
});
