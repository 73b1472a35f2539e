import { ManualClock } from "@rouse/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { InstanceAcquired, InstanceChange, InstanceLease } from "./activator.ts";
import { FakeDriver } from "./driver/fake-driver.testing.ts";
import { createActivator } from "./local-activator.ts";
import type { Placed, Placement } from "./placement.ts";
import { hereAlone } from "./placement.ts";
import { workloadOf } from "./workload.testing.ts";
import type { Workload } from "./workload.ts";

const key = "default/hello";

function setUp(fields: Partial<Workload> = {}, placement: Partial<Placement> = {}) {
  const clock = new ManualClock();
  const driver = new FakeDriver(clock);
  const activator = createActivator({
    driver,
    clock,
    random: () => 0.5,
    probe: driver.probe,
    placement: { ...hereAlone, ...placement },
  });
  const changes: InstanceChange[] = [];
  activator.onChange((it) => changes.push(it));
  activator.apply(workloadOf({ windowMs: 0, ...fields }));
  const acquire = () => activator.acquire(key, new AbortController().signal);
  /** Starts an instance and gives its slot back. */
  const warm = async () => {
    const answer = acquire();
    await clock.advance(1);
    driver.last.listen();
    await clock.advance(1);
    leaseOf(await answer).release();
  };
  const kinds = () => changes.map((it) => `${it.instance} ${it.kind}`);
  return { activator, clock, driver, changes, kinds, acquire, warm };
}

function leaseOf(answer: InstanceAcquired): InstanceLease {
  if (answer.kind !== "lease") throw new Error(`held: ${answer.reason}`);
  return answer.lease;
}

test("activator: an idle instance is frozen, a caller thaws it, and frozen time costs nothing", async () => {
  const { activator, clock, driver, kinds, acquire, warm } = setUp({ freezeMs: 100 });
  await warm();
  await clock.advance(10_000);
  expect(activator.status(key)?.instances).toEqual({ starting: 0, ready: 0, frozen: 1, stopping: 0 });
  const answer = acquire();
  expect(driver.last.calls).toEqual(["freeze", "freeze done", "thaw"]);
  const lease = leaseOf(await answer);
  expect(lease).toMatchObject({ instance: "thawed", waitedMs: 0 });
  expect(leaseOf(await acquireAfter(lease, acquire)).instance).toBe("warm");
  expect(kinds()).toEqual(["hello-1 starting", "hello-1 ready", "hello-1 frozen", "hello-1 thawed"]);
  const status = activator.status(key);
  expect(status?.leases).toEqual({ cold: 1, thawed: 1, warm: 1 });
  // Frozen for most of 10 s.
  expect(status?.instanceSeconds).toBeLessThan(0.2);
});

/** Gives a lease back and asks for another one. */
function acquireAfter(lease: InstanceLease, acquire: () => Promise<InstanceAcquired>): Promise<InstanceAcquired> {
  lease.release();
  return acquire();
}

test("activator: all who wait while an instance is thawed are told so, also those who get a slot later", async () => {
  const { clock, acquire, warm } = setUp({ freezeMs: 100, maxScale: 1, concurrency: 1 });
  await warm();
  await clock.advance(10_000);
  const answers = [acquire(), acquire()];
  const first = leaseOf(await (answers[0] as Promise<InstanceAcquired>));
  first.release();
  const second = leaseOf(await (answers[1] as Promise<InstanceAcquired>));
  expect([first.instance, second.instance]).toEqual(["thawed", "thawed"]);
});

test("activator: an instance that cannot be thawed is replaced, and who waited is served by the next", async () => {
  const { clock, driver, kinds, acquire, warm } = setUp({ freezeMs: 100 });
  await warm();
  await clock.advance(10_000);
  driver.freezing = async () => false;
  const answer = acquire();
  await clock.advance(1_100);
  driver.last.listen();
  await clock.advance(5);
  expect(leaseOf(await answer).origin).toBe("http://127.0.0.1:20002");
  expect(kinds().slice(3).sort()).toEqual(["hello-1 failed", "hello-2 ready", "hello-2 starting"]);
});

test("activator: an instance that cannot be frozen stays warm, and a line says why", async () => {
  const { activator, clock, driver, acquire, warm } = setUp({ freezeMs: 100 });
  driver.freezing = async () => false;
  await warm();
  await clock.advance(10_000);
  expect(activator.lines(key).map((it) => it.text)).toEqual(["stays warm: it cannot be frozen"]);
  expect(leaseOf(await acquire()).instance).toBe("warm");
});

test("activator: without a place callers are held with the reason, which is no failure of the service", async () => {
  const none: Placed = { kind: "none", reason: "RunsElsewhere", message: "another process runs it", retryAfterMs: 700 };
  const { activator, acquire, driver } = setUp({}, { place: () => none });
  const answer = await acquire();
  expect(answer).toEqual({ kind: "held", reason: "another process runs it", retryAfterMs: 700 });
  expect([driver.instances.length, activator.status(key)?.startFailures]).toEqual([0, 0]);
});

test("activator: as many of the minimum are kept as is told, until the workload is removed", async () => {
  let tell: (count: number) => void = () => {};
  const watched: string[] = [];
  const watchFloor: Placement["watchFloor"] = ({ minScale }, told) => {
    watched.push(`${minScale}`);
    tell = told;
    return () => void watched.push(`${minScale} over`);
  };
  const { activator, clock, driver } = setUp({ minScale: 3 }, { watchFloor });
  await clock.advance(10);
  expect(driver.instances).toHaveLength(0);
  tell(1);
  await clock.advance(10);
  expect(driver.instances).toHaveLength(1);
  activator.apply(workloadOf({ windowMs: 0, minScale: 3, idleMs: 5 }));
  activator.apply(workloadOf({ windowMs: 0, minScale: 2 }));
  activator.remove(key);
  tell(2);
  await clock.advance(10);
  expect(driver.instances).toHaveLength(1);
  expect(watched).toEqual(["3", "3 over", "2", "2 over"]);
});

test("activator: an instance is started as long ahead of an expected event as starts took, and counted as prewarmed", async () => {
  const { activator, clock, driver, acquire, warm } = setUp({ idleMs: 50 });
  await warm();
  await clock.advance(60_000);
  activator.expect(key, clock.now() + 10_000);
  activator.expect(key, clock.now() + 10_000);
  // 2 ms it took before.
  await clock.advance(10_000 - 2 * 1.2 - 50 - 2);
  expect(driver.instances).toHaveLength(1);
  await clock.advance(3);
  expect(driver.instances).toHaveLength(2);
  driver.last.listen();
  await clock.advance(50);
  expect(leaseOf(await acquire()).instance).toBe("warm");
  expect(activator.status(key)).toMatchObject({ prewarmed: 1 });
});

test("activator: an expectation is met when it was to be, however the wall clock jumps until then", async () => {
  const { activator, clock, driver } = setUp();
  activator.expect(key, clock.now() + 60_000);
  for (const stepMs of [3_600_000, -7_200_000, 3_600_000]) {
    clock.stepWall(stepMs);
    await clock.advance(10_000);
  }
  expect(driver.instances).toHaveLength(0);
  await clock.advance(28_990);
  expect(driver.instances).toHaveLength(0);
  // A process is taken to need a second before one was measured.
  await clock.advance(20);
  expect(driver.instances).toHaveLength(1);
  await activator[Symbol.asyncDispose]();
});

test("activator: an expected event has its image or port looked for at once", () => {
  const { activator, clock, driver } = setUp();
  driver.prepared.length = 0;
  activator.expect(key, clock.now() + 60_000);
  expect(driver.prepared).toEqual([workloadOf().program]);
});

test("activator: a failure is dated from the first in a row, and its cause is counted", async () => {
  const { activator, clock, driver, changes, acquire } = setUp();
  const since = clock.now();
  for (let n = 0; n < 2; n++) {
    const answer = acquire();
    await clock.advance(0);
    driver.last.exit({ code: 137, outOfMemory: true });
    expect(await answer).toMatchObject({ kind: "held", failure: { reason: "OutOfMemory", since } });
    await clock.advance(1_100);
  }
  expect(changes.at(-1)).toMatchObject({ kind: "failed", reason: "OutOfMemory" });
  expect(activator.status(key)).toMatchObject({
    startFailures: 2,
    failuresByCause: { OutOfMemory: 2 },
    failure: { reason: "OutOfMemory", since },
  });
});

test("activator: what a start cost is told with the instance that is ready, and kept", async () => {
  let placed: (answer: Placed) => void = () => {};
  const place = () => new Promise<Placed>((resolve) => (placed = resolve));
  const { activator, clock, driver, changes, acquire } = setUp({}, { place });
  const answer = acquire();
  await clock.advance(7);
  placed({ kind: "slot", release: () => {} });
  await clock.advance(30);
  driver.last.listen();
  await clock.advance(1);
  expect(leaseOf(await answer).waitedMs).toBe(38);
  expect(changes.at(-1)).toMatchObject({ kind: "ready", startMs: 31, ourMs: 7 });
  expect(activator.status(key)).toMatchObject({ ownStart: { p50: 31, p95: 31 }, ourStart: { p50: 7, p95: 7 } });
});

type Action = "acquire" | "release" | "wait" | "long wait" | "crash" | "refuse" | "obey";

test("activator: whatever happens, calls of a driver for one instance never overlap and everybody is answered", async () => {
  const action = fc.constantFrom<Action>("acquire", "release", "wait", "long wait", "crash", "refuse", "obey");
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const { activator, clock, driver, acquire } = setUp({ freezeMs: 20, idleMs: 400, maxScale: 2, concurrency: 2 });
      const leases: InstanceLease[] = [];
      const answers: Promise<void>[] = [];
      let thaws = true;
      driver.freezing = (what) => new Promise((done) => clock.setTimer(3, () => done(what === "freeze" || thaws)));
      const run: Record<Action, () => unknown> = {
        acquire: () => answers.push(acquire().then((it) => void (it.kind === "lease" && leases.push(it.lease)))),
        release: () => leases.pop()?.release(),
        wait: () => clock.advance(21),
        "long wait": () => clock.advance(1_200),
        crash: () => driver.instances.at(-1)?.exit({ code: 1 }),
        refuse: () => {
          thaws = false;
        },
        obey: () => {
          thaws = true;
        },
      };
      for (const next of actions) {
        await run[next]();
        for (const it of driver.instances) if (!it.asked) it.listen();
        await clock.advance(1);
      }
      for (let n = 0; n < 60; n++) {
        while (leases.length > 0) leases.pop()?.release();
        for (const it of driver.instances) if (!it.asked) it.listen();
        await clock.advance(100);
      }
      await Promise.all(answers);
      for (const { calls } of driver.instances) expect(overlapping(calls)).toEqual([]);
      const disposed = activator[Symbol.asyncDispose]();
      await clock.advance(10);
      await disposed;
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 30 },
  );
});

/** Calls that began before the one before them was done. */
function overlapping(calls: readonly string[]): string[] {
  return calls.filter((call, n) => {
    const before = calls[n - 1];
    if (before === undefined || before.endsWith("done") || before === "stop") return false;
    return call !== `${before} done`;
  });
}

test("activator: an instance that is too old is replaced on its own place, of which there is no other", async () => {
  const held = new Set<Placed>();
  const place: Placement["place"] = (_workload, leaving = []) => {
    if (held.size > 0 && !leaving.some((it) => held.has(it)))
      return { kind: "none", reason: "MaxScaleReached", message: "all places are taken", retryAfterMs: 1_000 };
    const given: Placed = { kind: "slot", release: () => void held.delete(given) };
    held.add(given);
    return given;
  };
  const fields = { maxScale: 1, minScale: 1, lifetimeMs: 10_000 };
  const { activator, clock, driver, kinds } = setUp(fields, { place });
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(12_000);
  expect(activator.status(key)?.instances).toEqual({ starting: 1, ready: 1, frozen: 0, stopping: 0 });
  driver.last.listen();
  await clock.advance(1);
  expect([held.size, activator.status(key)?.instances.ready]).toEqual([1, 1]);
  expect(kinds()).toEqual([
    "hello-1 starting",
    "hello-1 ready",
    "hello-2 starting",
    "hello-2 ready",
    "hello-1 stopped",
  ]);
});

test("activator: what is expected of a workload that was removed and applied again while it drained is prepared for", async () => {
  const { activator, clock, acquire, warm } = setUp();
  await warm();
  const lease = leaseOf(await acquire());
  const at = clock.now() + 60_000;
  activator.expect(key, at);
  activator.remove(key);
  activator.apply(workloadOf({ generation: 5 }));
  activator.expect(key, at);
  lease.release();
  await clock.advance(59_999);
  expect(activator.status(key)?.instances).toMatchObject({ starting: 1 });
});
