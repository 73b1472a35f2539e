import { ManualClock, systemClock } from "@rouse/base";
import { expect, test } from "vitest";
import { type ServingRig, startServing } from "./serving-rig.testing.ts";

const attemptsOf = (rig: ServingRig) => rig.journal.flatMap((entry) => (entry.kind === "attempt" ? [entry] : []));
const unique = (all: readonly string[]) => [...new Set(all)];

test("cold start: events wait for one that takes five minutes, each is delivered once, and no attempt is counted", async () => {
  const clock = new ManualClock();
  const workload = { startTimeoutMs: 600_000, concurrency: 10 };
  await using rig = await startServing({ clock, workload });
  for (const id of ["1", "2", "3"]) await rig.append(id);
  await rig.until(() => rig.instances.length === 1, "an instance was started", 5);
  for (let n = 0; n < 30; n++) await clock.advance(10_000);
  expect([rig.instances.length, rig.served]).toEqual([1, []]);
  rig.instances[0]?.listen();
  await rig.until(() => rig.done() === 3, "all were delivered", 50);
  await rig.until(() => clock.monotonic() > 400_000, "any redelivery would have come", 1_000);
  expect(rig.served.sort()).toEqual(["1", "2", "3"]);
  expect(unique(attemptsOf(rig).map(({ attempt }) => String(attempt)))).toEqual(["1"]);
  expect(rig.journal.some(({ kind }) => kind === "dead")).toBe(false);
});

test("cold start: of 200 with every tenth start failing, no event is lost and no attempt is burned", async () => {
  const clock = new ManualClock();
  let launched = 0;
  await using rig = await startServing({
    clock,
    workload: { idleMs: 1_000, windowMs: 1_000 },
    onLaunch: (instance) => (++launched % 10 === 0 ? instance.exit() : instance.listen()),
  });
  for (let n = 1; n <= 200; n++) {
    await rig.append(String(n));
    await rig.until(() => rig.done() === n, `event ${n} was delivered`, 100);
    await rig.until(() => rig.activator.status("default/hello")?.instances.ready === 0, "it is at zero", 500);
  }
  expect(launched).toBeGreaterThanOrEqual(222);
  expect(rig.served).toEqual(Array.from({ length: 200 }, (_, n) => String(n + 1)));
  expect(unique(attemptsOf(rig).map(({ attempt }) => String(attempt)))).toEqual(["1"]);
  expect(unique(attemptsOf(rig).map(({ verdict }) => verdict)).filter((it) => it !== "done" && it !== "hold")).toEqual(
    [],
  );
}, 20_000);

test("slots: three triggers with 200 events each use all that a service has, and never more", async () => {
  const waiting: number[] = [];
  await using rig = await startServing({
    clock: systemClock,
    workload: { concurrency: 2, maxScale: 3 },
    triggers: ["a", "b", "c"],
    onLaunch: (instance) => instance.listen(),
    serve: () => {
      waiting.push(rig.activator.status("default/hello")?.waiting ?? 0);
      return new Promise((resolve) => setTimeout(resolve, 3));
    },
  });
  for (let n = 1; n <= 200; n++) await rig.append(String(n));
  await rig.until(() => rig.done() === 600, "all were delivered", 1);
  expect(rig.served).toHaveLength(600);
  expect(rig.instances.length).toBe(3);
  for (const { busiest } of rig.instances) expect(busiest).toBe(2);
  expect(rig.busiest()).toBe(6);
  // Each lane asks with one event at most, whatever waits in it.
  expect(Math.max(...waiting)).toBeLessThanOrEqual(3);
  expect(rig.activator.status("default/hello")?.backlog).toBe(0);
}, 20_000);

test("a service that cannot start: its events end with the reason once hold-max is over", async () => {
  const clock = new ManualClock();
  const subscription = { breaker: { holdMaxMs: 600_000 } };
  await using rig = await startServing({ clock, subscription, onLaunch: (instance) => instance.exit() });
  await rig.append("1");
  await rig.until(() => clock.monotonic() > 590_000, "hold-max is nearly over", 1_000);
  expect(unique(attemptsOf(rig).map(({ verdict }) => verdict))).toEqual(["hold"]);
  await rig.until(() => attemptsOf(rig).some(({ verdict }) => verdict === "dead"), "it was given up", 1_000);
  expect(attemptsOf(rig).at(-1)).toMatchObject({
    attempt: 4,
    failure: {
      reason: "service-cannot-start",
      message: expect.stringMatching(/^service default\/hello cannot be started \(ExitedBeforeReady\): /),
      attempts: 4,
    },
  });
});
