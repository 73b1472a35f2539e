import { ManualClock } from "@rouse/base";
import { afterEach, expect, test } from "vitest";
import type { InstanceChange } from "../activator.ts";
import { FakeDriver } from "../driver/fake-driver.testing.ts";
import { createActivator } from "../local-activator.ts";
import { workloadOf } from "../workload.testing.ts";
import { createTrafficActivator, type TrafficActivator } from "./traffic-activator.ts";

const service = "default/hello";
const old = `${service}/hello-00001`;
const fresh = `${service}/hello-00002`;
const patient = new AbortController().signal;

let open: TrafficActivator | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});

function rig() {
  const clock = new ManualClock();
  const driver = new FakeDriver();
  const activator = createTrafficActivator(createActivator({ driver, clock, random: () => 0.5, probe: driver.probe }));
  open = activator;
  const changes: InstanceChange[] = [];
  activator.onChange((change) => changes.push(change));
  for (const key of [old, fresh]) activator.apply(workloadOf({ key, concurrency: 10 }));
  /** Calls the service once; what has to be started is. */
  const call = async (key = service) => {
    const before = driver.instances.length;
    const acquired = activator.acquire(key, patient);
    await Promise.resolve();
    if (driver.instances.length > before) driver.last.listen();
    await clock.advance(1);
    await clock.advance(1);
    const answer = await acquired;
    if (answer.kind !== "lease") throw new Error(answer.reason);
    answer.lease.release();
    return answer.lease.origin;
  };
  return { activator, call, changes, clock, driver };
}

const portOf = (origin: string) => Number(new URL(origin).port);

test("traffic activator: calls reach revisions by their shares", async () => {
  const { activator, call, driver } = rig();
  activator.route(service, [
    { key: old, percent: 90 },
    { key: fresh, percent: 10 },
  ]);
  const ports: number[] = [];
  for (let n = 0; n < 100; n++) ports.push(portOf(await call()));
  const of = (key: string) => driver.instances.find(({ order }) => order.key === key)?.port;
  expect(ports.filter((port) => port === of(old))).toHaveLength(90);
  expect(ports.filter((port) => port === of(fresh))).toHaveLength(10);
});

test("traffic activator: a tag leads to its revision, whatever its share", async () => {
  const { activator, call, driver } = rig();
  activator.route(service, [
    { key: old, percent: 100 },
    { key: fresh, percent: 0, tag: "next" },
  ]);
  await call(`${service}#next`);
  expect(driver.last.order.key).toBe(fresh);
  await call();
  expect(driver.last.order.key).toBe(old);
  activator.route(service, [{ key: old, percent: 100 }]);
  expect(await activator.acquire(`${service}#next`, patient)).toMatchObject({ kind: "held" });
});

test("traffic activator: who is woken is who is called next", async () => {
  const { activator, call, driver } = rig();
  activator.route(service, [
    { key: old, percent: 50 },
    { key: fresh, percent: 50 },
  ]);
  for (let n = 0; n < 2; n++) {
    activator.wake(service);
    const woken = driver.last;
    woken.listen();
    expect(portOf(await call())).toBe(woken.port);
  }
  expect(driver.instances).toHaveLength(2);
});

test("traffic activator: changes, lines and numbers of revisions are the service's", async () => {
  const { activator, call, changes, driver } = rig();
  activator.route(service, [{ key: old, percent: 100 }]);
  await call();
  driver.last.print("stdout", "from old");
  activator.route(service, [{ key: fresh, percent: 100 }]);
  await call();
  driver.last.print("stdout", "from new");
  expect(new Set(changes.map(({ key }) => key))).toEqual(new Set([service]));
  expect(activator.lines(service).map(({ text }) => text)).toEqual(["from old", "from new"]);
  expect(activator.status(service)).toMatchObject({ key: service, instances: { ready: 2 }, coldStarts: 2 });
  expect(activator.revision(fresh)).toMatchObject({ instances: { ready: 1 } });
});

test("traffic activator: capacity is that of the revisions with a share", async () => {
  const { activator, call } = rig();
  activator.route(service, [
    { key: old, percent: 100 },
    { key: fresh, percent: 0, tag: "next" },
  ]);
  await call(`${service}#next`);
  expect([activator.cold(service), activator.free(service)]).toEqual([true, 0]);
  const told: string[] = [];
  activator.onCapacity((key) => told.push(key));
  await call();
  expect([activator.cold(service), activator.free(service)]).toEqual([false, 10]);
  expect(told).toContain(service);
});

test("traffic activator: without shares calls are held", async () => {
  const { activator } = rig();
  activator.route(service, []);
  expect(await activator.acquire(service, patient)).toMatchObject({ kind: "held" });
});

test("traffic activator: what becomes of a revision that is only tried is told of the service, and fails it not", async () => {
  const { activator, changes, clock, driver } = rig();
  activator.route(service, [
    { key: old, percent: 100 },
    { key: fresh, percent: 0 },
  ]);
  activator.wake(fresh);
  await clock.advance(1);
  driver.last.exit({ code: 1 });
  expect(changes.at(-1)).toMatchObject({ key: service, revision: "hello-00002", kind: "failed" });
  expect(activator.revision(fresh)?.failure).toBeDefined();
  expect(activator.status(service)?.failure).toBeUndefined();
});

test("traffic activator: the backlog goes to the revisions that get the calls, whenever they began to", () => {
  const { activator } = rig();
  const backlogs = () => [old, fresh].map((key) => activator.revision(key)?.backlog);
  activator.route(service, [{ key: old, percent: 100 }]);
  activator.backlog(service, 100);
  activator.route(service, [
    { key: old, percent: 70 },
    { key: fresh, percent: 30 },
  ]);
  expect(backlogs()).toEqual([70, 30]);
  activator.route(service, [{ key: fresh, percent: 100 }]);
  expect(backlogs()).toEqual([0, 100]);
});

test("traffic activator: a revision with several shares has its slots once, and the backlog of all of them", async () => {
  const { activator, call } = rig();
  activator.route(service, [
    { key: old, percent: 60 },
    { key: old, percent: 40, tag: "a" },
    { key: old, percent: 0, tag: "b" },
  ]);
  await call();
  activator.backlog(service, 50);
  expect([activator.free(service), activator.revision(old)?.backlog]).toEqual([10, 50]);
});

test("traffic activator: who waits for a revision that is replaced and removed is served by the one that replaces it", async () => {
  const { activator, clock, driver } = rig();
  for (const key of [old, fresh]) activator.apply(workloadOf({ key, generation: 2, concurrency: 1, maxScale: 1 }));
  const listens = async () => {
    await clock.advance(1);
    driver.last.listen();
    await clock.advance(1);
  };
  activator.route(service, [{ key: old, percent: 100 }]);
  const first = activator.acquire(service, patient);
  await listens();
  expect(await first).toMatchObject({ kind: "lease" });
  const second = activator.acquire(service, patient);
  activator.wake(fresh);
  await listens();
  activator.route(service, [{ key: fresh, percent: 100 }]);
  activator.remove(old);
  expect(await second).toMatchObject({ kind: "lease", lease: { instance: "warm" } });
  activator.route(service, []);
  expect(await activator.acquire(service, patient)).toMatchObject({ kind: "held" });
});
