import { join } from "node:path";
import { type Clock, ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import type { InstanceAcquired, InstanceLease } from "./activator.ts";
import { FakeDriver } from "./driver/fake-driver.testing.ts";
import { createActivator } from "./local-activator.ts";
import type { FolderWatchOptions } from "./workdir/workdir-watch.ts";
import { processOf, workloadOf } from "./workload.testing.ts";
import type { Workload } from "./workload.ts";

const key = "default/hello";

function setUp(fields: Partial<Workload> = {}) {
  const clock = new ManualClock();
  const driver = new FakeDriver(clock);
  const watches: FolderWatchOptions[] = [];
  const givenUp: string[] = [];
  const watch = (options: FolderWatchOptions) => {
    watches.push(options);
    const giveUp = (path: string) => Boolean(givenUp.push(path));
    return { giveUp, close: async () => void watches.splice(watches.indexOf(options), 1) };
  };
  const activator = createActivator({ driver, clock, random: () => 0.5, probe: driver.probe, watch });
  const changes: string[] = [];
  activator.onChange((it) => changes.push(`${it.instance} ${it.kind}`));
  activator.apply(workloadOf(fields));
  const acquire = (signal = new AbortController().signal) => activator.acquire(key, signal);
  const save = (...names: string[]) => {
    const paths = names.map((name) => join(process.cwd(), name));
    watches[0]?.changed({ paths, at: clock.monotonic() });
  };
  return { activator, clock, driver, changes, acquire, watches, givenUp, save };
}

function leaseOf(answer: InstanceAcquired): InstanceLease {
  if (answer.kind !== "lease") throw new Error(`held: ${answer.reason}`);
  return answer.lease;
}

test("activator: a cold caller gets its lease in the tick in which the instance listens, with how long it waited", async () => {
  const { activator, clock, driver, acquire, changes } = setUp();
  const answer = acquire();
  await clock.advance(40);
  driver.last.listen();
  await clock.advance(1);
  const lease = leaseOf(await answer);
  expect(lease).toMatchObject({
    origin: "http://127.0.0.1:20001",
    instance: "cold",
    waitedMs: 41,
    requestTimeoutMs: 300_000,
  });
  lease.release();
  expect(leaseOf(await acquire())).toMatchObject({ instance: "warm", waitedMs: 0 });
  expect(changes).toEqual(["hello-1 starting", "hello-1 ready"]);
  expect(activator.status(key)).toMatchObject({
    inFlight: 1,
    coldStarts: 1,
    instances: { starting: 0, ready: 1, stopping: 0 },
  });
});

test("activator: releasing a lease twice frees one slot", async () => {
  const { activator, clock, driver, acquire } = setUp({ concurrency: 2 });
  const answers = [acquire(), acquire()];
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  const [first] = await Promise.all(answers);
  if (first) {
    leaseOf(first).release();
    leaseOf(first).release();
  }
  expect(activator.free(key)).toBe(1);
});

test("activator: a caller that gives up leaves the row, and the slot goes to the next", async () => {
  const { clock, driver, acquire } = setUp({ maxScale: 1 });
  const controller = new AbortController();
  const first = acquire(controller.signal);
  const second = acquire();
  controller.abort(new Error("no longer wanted"));
  await expect(first).rejects.toThrow("no longer wanted");
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  expect(leaseOf(await second).instance).toBe("cold");
});

test("activator: callers are served in the order in which they came", async () => {
  const { clock, driver, acquire } = setUp({ maxScale: 1 });
  const served: number[] = [];
  const all = [1, 2, 3].map(async (n) => {
    const lease = leaseOf(await acquire());
    served.push(n);
    lease.release();
  });
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  await Promise.all(all);
  expect(served).toEqual([1, 2, 3]);
});

test("activator: capacity is told when an instance becomes ready, when a slot frees and when none is left", async () => {
  const { activator, clock, driver, acquire } = setUp({ idleMs: 1000 });
  const seen: string[] = [];
  const stop = activator.onCapacity((it) =>
    seen.push(`${it} ${activator.free(it)} ${activator.cold(it) ? "cold" : "warm"}`),
  );
  activator.wake(key);
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  const lease = leaseOf(await acquire());
  lease.release();
  await clock.advance(1001);
  expect(seen).toEqual([`${key} 1 warm`, `${key} 1 warm`, `${key} 0 cold`]);
  stop();
});

test("activator: an idle instance is stopped and nothing is left to happen", async () => {
  const { activator, clock, driver, acquire, changes } = setUp({ idleMs: 1000 });
  const answer = acquire();
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  leaseOf(await answer).release();
  await clock.advance(1001);
  expect(changes).toEqual(["hello-1 starting", "hello-1 ready", "hello-1 idle", "hello-1 stopped"]);
  expect(activator.status(key)?.instances).toEqual({ starting: 0, ready: 0, frozen: 0, stopping: 0 });
  expect(clock.timers).toBe(0);
});

test("activator: an instance that exits before it listens is a failure with its last words, and callers are held", async () => {
  const { activator, clock, driver, acquire } = setUp();
  const answer = acquire();
  await clock.advance(1);
  driver.last.print("stderr", "TypeError: no such thing");
  driver.last.exit({ code: 1 });
  const reason = "exited with code 1 before anything listened on PORT 20001; stderr:\nTypeError: no such thing";
  const failure = { reason: "ExitedBeforeReady", message: reason, since: clock.now() };
  expect(await answer).toEqual({ kind: "held", reason, retryAfterMs: 1000, failure });
  expect(await acquire()).toEqual({ kind: "held", reason, retryAfterMs: 1000, failure });
  expect(activator.status(key)?.failure).toEqual(failure);
});

test("activator: an exit with code 0 before anything listened says that a service must keep running", async () => {
  const { clock, driver, acquire } = setUp();
  const answer = acquire();
  await clock.advance(1);
  driver.last.exit({ code: 0 });
  expect(await answer).toMatchObject({
    kind: "held",
    reason: expect.stringContaining("must keep running and listen on PORT"),
  });
});

test("activator: a command that cannot be started is held with the driver's sentence", async () => {
  const { activator, driver, acquire } = setUp();
  driver.refusal = 'command "hello" was not found';
  expect(await acquire()).toMatchObject({ kind: "held", reason: 'command "hello" was not found' });
  expect(activator.status(key)?.failure?.reason).toBe("CommandNotFound");
});

test("activator: a start that takes too long is stopped, and the failure names the ports that were listened on", async () => {
  const { clock, driver, acquire } = setUp({ startTimeoutMs: 500 });
  const answer = acquire();
  // The port of a debugger.
  driver.last.listen(9229);
  await clock.advance(501);
  expect(await answer).toMatchObject({
    kind: "held",
    reason: "nothing listened on PORT 20001 within 500 ms; it listens on 9229 but PORT is 20001",
  });
  expect(driver.last.asked).toBe(true);
});

test("activator: slots of an instance that crashes in service vanish, and its leases may still be released", async () => {
  const { activator, clock, driver, acquire, changes } = setUp({ concurrency: 5 });
  const answer = acquire();
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  const lease = leaseOf(await answer);
  driver.last.exit({ signal: "SIGSEGV" });
  lease.release();
  expect(activator.free(key)).toBe(0);
  expect(activator.status(key)?.inFlight).toBe(0);
  expect(changes.at(-1)).toBe("hello-1 failed");
});

test("activator: a changed file recycles the instance, and watching begins after the start", async () => {
  const { activator, clock, driver, watches, save } = setUp({ watch: true });
  activator.wake(key);
  expect(watches).toEqual([]);
  driver.last.listen();
  await clock.advance(300);
  save("index.js");
  await clock.advance(1);
  expect(driver.last.asked).toBe(true);
  watches[0]?.failed(new Error("too many watches"));
  expect(activator.lines(key).at(-1)?.text).toContain("too many watches");
  activator.remove(key);
  await clock.advance(0);
  expect(watches).toEqual([]);
});

test("activator: an instance that is not ready is never recycled for changed files, and once when it has served who waited", async () => {
  const { clock, driver, acquire, changes, save } = setUp({ watch: true, concurrency: 1 });
  const answer = acquire();
  await clock.advance(300);
  for (let n = 0; n < 4; n++) {
    save("index.js");
    await clock.advance(4_000);
  }
  expect(driver.last.asked).toBe(false);
  driver.last.listen();
  await clock.advance(50);
  const lease = leaseOf(await answer);
  expect([driver.instances.length, driver.instances[0]?.asked]).toEqual([2, false]);
  driver.last.listen();
  await clock.advance(5);
  lease.release();
  await clock.advance(1_000);
  expect(changes).toEqual([
    "hello-1 starting",
    "hello-1 ready",
    "hello-2 starting",
    "hello-2 ready",
    "hello-1 stopped",
  ]);
});

test("activator: a path that recycled an instance three times within 10 s is given up with a line that says so", async () => {
  const { activator, clock, driver, acquire, save, givenUp } = setUp({ watch: true });
  for (const name of ["index.js", "state.json", "other.js"]) {
    const answer = acquire();
    await clock.advance(1);
    driver.last.listen();
    await clock.advance(400);
    leaseOf(await answer).release();
    save("state.json", name);
    await clock.advance(1);
    expect(driver.last.asked).toBe(true);
  }
  expect(givenUp).toEqual([join(process.cwd(), "state.json")]);
  const notes = activator.lines(key).filter((it) => it.stream === "stderr");
  expect(notes.map((it) => it.text)).toEqual([
    "state.json changes all the time: it is not watched any more, its changes restart nothing",
  ]);
  await activator[Symbol.asyncDispose]();
});

test("activator: a path that changed six times within 10 s while an instance was starting is given up", async () => {
  const { activator, clock, save, givenUp } = setUp({ watch: true });
  activator.wake(key);
  await clock.advance(300);
  for (let n = 0; n < 6; n++) {
    expect(givenUp).toEqual([]);
    save("state.json");
    await clock.advance(100);
  }
  expect(givenUp).toEqual([join(process.cwd(), "state.json")]);
  await activator[Symbol.asyncDispose]();
});

test("activator: nothing is recycled or started once it was told to be quiet, and what runs still serves", async () => {
  const { activator, clock, driver, acquire, watches } = setUp({ watch: true, maxScale: 2, minScale: 1 });
  await clock.advance(300);
  driver.last.listen();
  await clock.advance(10);
  const [watch] = watches;
  activator.quiesce();
  expect(watches).toEqual([]);
  watch?.changed({ paths: ["index.js"], at: clock.monotonic() });
  activator.apply(workloadOf({ generation: 2, minScale: 2, watch: true }));
  activator.apply(workloadOf({ key: "default/other", minScale: 1 }));
  const lease = leaseOf(await acquire());
  const second = acquire();
  lease.release();
  leaseOf(await second).release();
  driver.last.exit({ code: 1 });
  expect(await acquire()).toMatchObject({ kind: "held", reason: "the serving client is closing", retryAfterMs: 1_000 });
  await clock.advance(60_000);
  expect(driver.instances).toHaveLength(1);
  await activator[Symbol.asyncDispose]();
});

test("activator: disposing closes the watches before anything else, and what changes during it restarts nothing", async () => {
  const { activator, clock, driver, watches } = setUp({ watch: true });
  driver.obeys = false;
  activator.wake(key);
  await clock.advance(300);
  driver.last.listen();
  await clock.advance(10);
  const [watch] = watches;
  const disposed = activator[Symbol.asyncDispose]();
  expect(watches).toEqual([]);
  for (let n = 0; n < 20; n++) {
    watch?.changed({ paths: ["index.js"], at: clock.monotonic() });
    await clock.advance(100);
  }
  driver.last.exit({ signal: "SIGTERM" });
  await disposed;
  expect(driver.instances).toHaveLength(1);
});

test("activator: lines are kept with the name of their instance, the last thousand", async () => {
  const { activator, clock, driver } = setUp();
  const seen: string[] = [];
  activator.onLine((line) => seen.push(line.text));
  activator.wake(key);
  await clock.advance(0);
  for (let n = 1; n <= 1_001; n++) driver.last.print("stdout", `line ${n}`);
  const kept = activator.lines(key);
  expect(kept[0]).toEqual({ at: clock.now(), key, instance: "hello-1", stream: "stdout", text: "line 2" });
  expect(kept).toHaveLength(1_000);
  expect(seen).toHaveLength(1_001);
});

test("activator: a removed workload ends and is forgotten, and may be applied again while it drains", async () => {
  const { activator, clock, driver, acquire } = setUp();
  const answer = acquire();
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  const lease = leaseOf(await answer);
  activator.remove(key);
  expect(await acquire()).toMatchObject({ kind: "held", reason: "the service was removed" });
  activator.apply(workloadOf());
  const again = acquire();
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  expect(leaseOf(await again).origin).toBe("http://127.0.0.1:20002");
  lease.release();
  activator.remove(key);
  leaseOf(await again).release();
  await clock.advance(1);
  expect(activator.status(key)).toBeUndefined();
  expect(await acquire()).toMatchObject({ kind: "held", reason: "there is no service default/hello" });
});

test("activator: disposing answers who waits, ends what runs, also what is just being started, and waits for it", async () => {
  const { activator, clock, driver, acquire } = setUp();
  driver.obeys = false;
  const answer = acquire();
  const disposed = activator[Symbol.asyncDispose]();
  let done = false;
  void disposed.then(() => {
    done = true;
  });
  expect(await answer).toMatchObject({ kind: "held", reason: "the serving client is closing" });
  await clock.advance(1);
  expect([driver.last.asked, done]).toEqual([true, false]);
  driver.last.exit({ signal: "SIGKILL" });
  await disposed;
  expect(await acquire()).toMatchObject({ kind: "held" });
  expect(() => activator.apply(workloadOf())).toThrow("the serving client is closed");
  expect(clock.timers).toBe(0);
});

test("activator: a workload without a command is refused", () => {
  const { activator } = setUp();
  expect(() => activator.apply(workloadOf({ key: "default/other", program: processOf() }))).toThrow(
    "default/other has no command",
  );
});

test("activator: an idle instance is stopped also when time passes between a step and the setting of its alarm", async () => {
  for (const earlyMs of [0.1, 0.3, 0.5, 0.7, 0.9]) {
    const manual = new ManualClock();
    let drift = 0;
    const clock: Clock = {
      now: () => manual.now(),
      monotonic: () => {
        drift += 0.3;
        return manual.monotonic() + drift;
      },
      // The machine's timers, too, fire up to a millisecond early.
      setTimer: (delayMs, fire) => manual.setTimer(Math.max(0.001, delayMs - earlyMs), fire),
    };
    const driver = new FakeDriver();
    await using activator = createActivator({ driver, clock, random: () => 0.5, probe: driver.probe });
    activator.apply(workloadOf({ idleMs: 50 }));
    activator.wake(key);
    driver.last.listen();
    await manual.advance(100);
    expect(driver.last.asked).toBe(true);
  }
});

test("activator: some workload is cold from when it is applied until it is ready, and again when it is not any more", async () => {
  const { activator, clock, driver } = setUp({ idleMs: 1_000 });
  const seen = [activator.anyCold()];
  activator.wake(key);
  await clock.advance(1);
  driver.last.listen();
  await clock.advance(1);
  seen.push(activator.anyCold());
  activator.apply(workloadOf({ key: "default/other" }));
  seen.push(activator.anyCold());
  activator.remove("default/other");
  seen.push(activator.anyCold());
  await clock.advance(60_000);
  seen.push(activator.anyCold());
  expect(seen).toEqual([true, false, true, false, true]);
});
