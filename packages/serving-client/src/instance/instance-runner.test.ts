import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { FakeDriver } from "../driver/fake-driver.testing.ts";
import { hereAlone, type Placed } from "../placement.ts";
import type { StartParts } from "../workload/start-record.ts";
import { workloadOf } from "../workload.testing.ts";
import { type InstanceOrder, InstanceRunner } from "./instance-runner.ts";

function setUp(fields: Partial<InstanceOrder> = {}) {
  const clock = new ManualClock();
  const driver = new FakeDriver(clock);
  const told: string[] = [];
  const parts: StartParts[] = [];
  const runner = new InstanceRunner(
    {
      instance: "hello-1",
      workload: workloadOf(),
      driver,
      clock,
      probe: driver.probe,
      placement: hereAlone,
      leaving: [],
      wantedAt: clock.monotonic(),
      learnedPort: undefined,
      taken: () => new Set(),
      ...fields,
    },
    {
      printed: (stream, text) => told.push(`${stream}: ${text}`),
      running: () => told.push("running"),
      listening: (it) => {
        parts.push(it);
        told.push("listening");
      },
      discovered: (hit) => told.push(`found on ${hit?.port ?? "PORT"}`),
      unplaced: ({ reason }) => told.push(`unplaced: ${reason}`),
      refused: (reason) => told.push(`refused: ${reason}`),
      timedOut: (message) => told.push(`timed out: ${message}`),
      frozen: (message) => told.push(message === undefined ? "frozen" : `not frozen: ${message}`),
      thawed: () => told.push("thawed"),
      exited: (message) => told.push(`exited: ${message}`),
    },
  );
  return { clock, driver, told, parts, runner };
}

/** A ready instance. */
async function ready(fields: Partial<InstanceOrder> = {}) {
  const all = setUp(fields);
  const gone = all.runner.run();
  await all.clock.advance(1);
  all.driver.last.listen();
  await all.clock.advance(1);
  all.told.length = 0;
  return { ...all, gone };
}

/** A promise that a test fulfils. */
function later<T>() {
  let fulfil: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    fulfil = resolve;
  });
  return { promise, fulfil };
}

test("instance runner: freezing, thawing and stopping wait for each other, in the order in which they were asked for", async () => {
  const { clock, driver, told, runner, gone } = await ready();
  const freezing = later<boolean>();
  driver.freezing = (what) => (what === "freeze" ? freezing.promise : Promise.resolve(true));
  runner.freeze();
  runner.thaw();
  runner.stop(1_000);
  await clock.advance(5);
  expect(driver.last.calls).toEqual(["freeze"]);
  freezing.fulfil(true);
  await gone;
  expect(driver.last.calls).toEqual(["freeze", "freeze done", "thaw", "thaw done", "stop"]);
  expect(told).toEqual(["exited: was ended by SIGTERM"]);
});

test("instance runner: a thaw with nothing before it is asked for in the same turn", async () => {
  const { clock, driver, told, runner } = await ready();
  runner.freeze();
  await clock.advance(0);
  runner.thaw();
  expect(driver.last.calls.at(-1)).toBe("thaw");
  await clock.advance(0);
  expect(told).toEqual(["frozen", "thawed"]);
});

test("instance runner: what cannot be frozen runs on, and what cannot be thawed is stopped and says so", async () => {
  const { clock, driver, told, runner, gone } = await ready();
  driver.freezing = async () => false;
  runner.freeze();
  await clock.advance(0);
  expect(told).toEqual(["not frozen: it cannot be frozen"]);
  driver.freezing = async () => {
    throw new Error("no answer");
  };
  runner.thaw();
  await gone;
  expect(told.at(-1)).toBe("exited: could not be thawed: no answer and was ended by SIGTERM while it was in service");
});

test("instance runner: what ends while it is being frozen is not told to be frozen", async () => {
  const { clock, driver, told, runner, gone } = await ready();
  const freezing = later<boolean>();
  driver.freezing = () => freezing.promise;
  runner.freeze();
  driver.last.exit({ code: 1 });
  freezing.fulfil(false);
  await gone;
  await clock.advance(0);
  expect(told).toEqual(["exited: exited with code 1 while it was in service"]);
});

test("instance runner: an instance without a place is not started, and one with a place gives it back when it is gone", async () => {
  const none: Placed = { kind: "none", reason: "MaxScaleReached", message: "all are taken", retryAfterMs: 10 };
  const unplaced = setUp({ placement: { ...hereAlone, place: () => none } });
  const run = unplaced.runner.run();
  // At once: nothing was waited for.
  expect(unplaced.told).toEqual(["unplaced: MaxScaleReached"]);
  await run;
  expect(unplaced.driver.instances).toEqual([]);
  let released = 0;
  const slot: Placed = { kind: "slot", release: () => void released++ };
  const placed = await ready({ placement: { ...hereAlone, place: async () => slot } });
  expect(released).toBe(0);
  placed.driver.last.exit();
  await placed.gone;
  expect(released).toBe(1);
});

test("instance runner: who is stopped does not wait for a place, and one that comes later is given back", async () => {
  let released = 0;
  const place = later<Placed>();
  const { clock, driver, told, runner } = setUp({ placement: { ...hereAlone, place: () => place.promise } });
  const gone = runner.run();
  runner.stop(1_000);
  await gone;
  expect(told).toEqual(["refused: NotWanted"]);
  place.fulfil({ kind: "slot", release: () => void released++ });
  await clock.advance(0);
  expect([driver.instances.length, released]).toEqual([0, 1]);
});

test("instance runner: a place that cannot be asked for is none", async () => {
  const { told, runner } = setUp({ placement: { ...hereAlone, place: () => Promise.reject(new Error("away")) } });
  await runner.run();
  expect(told).toEqual(["unplaced: NoPlace"]);
});

test("instance runner: our part of a start is what comes before the driver is asked", async () => {
  const place = later<Placed>();
  const { clock, driver, parts, runner } = setUp({ placement: { ...hereAlone, place: () => place.promise } });
  void runner.run();
  await clock.advance(30);
  place.fulfil({ kind: "slot", release: () => {} });
  await clock.advance(40);
  driver.last.listen();
  await clock.advance(1);
  expect(parts).toEqual([{ wholeMs: 71, ownMs: 41, ourMs: 30 }]);
});

test("instance runner: what listens elsewhere is used there, and on PORT when it listens there after all", async () => {
  const { clock, driver, told, runner } = setUp();
  void runner.run();
  await clock.advance(1);
  driver.last.listen(3000);
  await clock.advance(100);
  expect([told, runner.address?.port]).toEqual([["running", "found on 3000", "listening"], 3000]);
  driver.last.listen();
  await clock.advance(5);
  expect([told.at(-1), runner.address?.port, runner.discovered]).toEqual(["found on PORT", 20_001, undefined]);
  expect(clock.timers).toBe(0);
});

test("instance runner: a start that loses its PORT to another process is made again once with another one", async () => {
  const { clock, driver, told, runner } = setUp();
  const gone = runner.run();
  for (const port of [20_001, 20_002]) {
    await clock.advance(5);
    driver.last.print("stderr", `Error: listen EADDRINUSE 127.0.0.1:${port}`);
    driver.last.exit({ code: 1 });
  }
  await gone;
  expect(driver.instances).toHaveLength(2);
  expect(told.filter((it) => it.startsWith("exited"))).toHaveLength(1);
  expect(told.filter((it) => it.includes("started again"))).toHaveLength(1);
});

test("instance runner: a path for readiness is named when it gave no answer in time", async () => {
  const { clock, told, runner } = setUp({ workload: workloadOf({ readinessPath: "/healthz", startTimeoutMs: 100 }) });
  void runner.run();
  await clock.advance(200);
  expect(told.at(-1)).toBe("timed out: GET /healthz on PORT 20001 gave no answer below 400 within 100 ms");
});
