import { expect, test } from "vitest";
import { event, type Rig, route, startRig, type TestDeliver } from "../broker-rig.testing.ts";
import type { Verdict } from "../delivery.ts";

const target = "service:default/mail";

/** Tells on every change what waits for each target, and keeps the last word. */
function tellsBacklog(rig: Rig) {
  const owners = new Map<string, number>();
  const told: number[] = [];
  rig.capacity.backlog = (of, owner, count) => {
    owners.set(`${of} ${owner}`, count);
    told.push(count);
  };
  const of = (wanted: string) =>
    [...owners].filter(([key]) => key.startsWith(`${wanted} `)).reduce((sum, [, count]) => sum + count, 0);
  return { of, told };
}

/** Deliveries that end when they are told to; at most `slots` at once are free to begin. */
function withSlots(rig: Rig, slots: number) {
  const under: ((verdict: Verdict) => void)[] = [];
  rig.capacity.slots.set(target, slots);
  const free = () => rig.capacity.slots.set(target, Math.max(0, slots - under.length));
  const deliver: TestDeliver = () =>
    new Promise((resolve) => {
      under.push(resolve);
      free();
    });
  rig.deliver = deliver;
  const end = (verdict: Verdict = { kind: "done" }) => {
    under.shift()?.(verdict);
    free();
    rig.capacity.changed(target);
  };
  return { under, end };
}

test("lane: tells how many events wait beside those in its hands, until none does", async () => {
  await using rig = await startRig({ routes: [route("a", { target })] });
  const backlog = tellsBacklog(rig);
  const { under, end } = withSlots(rig, 2);
  rig.capacity.coldTargets.add(target);
  for (let n = 1; n <= 10; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  expect([under.length, backlog.of(target)]).toEqual([1, 9]);
  rig.capacity.coldTargets.delete(target);
  rig.capacity.changed(target);
  await rig.settle();
  expect([under.length, backlog.of(target)]).toEqual([2, 8]);
  for (let n = 0; n < 10; n++) {
    end();
    await rig.settle();
  }
  expect([under.length, backlog.of(target)]).toEqual([0, 0]);
});

test("lane: an attempt that is under way for long does not wait for a slot as well", async () => {
  await using rig = await startRig({ routes: [route("a", { target })] });
  const backlog = tellsBacklog(rig);
  const { under, end } = withSlots(rig, 3);
  for (let n = 1; n <= 3; n++) await rig.broker.append(event(String(n)));
  await rig.clock.advance(5_000);
  expect(under.length).toBe(3);
  expect(backlog.of(target)).toBe(0);
  await rig.broker.append(event("4"));
  await rig.settle();
  expect(backlog.of(target)).toBe(1);
  for (let n = 0; n < 4; n++) {
    end();
    await rig.settle();
  }
  expect(backlog.of(target)).toBe(0);
});

test("lane: a backlog follows its trigger to another target, and a paused one waits for nobody", async () => {
  await using rig = await startRig({ routes: [route("a", { target })] });
  const backlog = tellsBacklog(rig);
  const { end } = withSlots(rig, 1);
  rig.capacity.coldTargets.add(target);
  for (let n = 1; n <= 5; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  expect(backlog.of(target)).toBe(4);
  const other = "service:default/other";
  rig.capacity.coldTargets.add(other);
  rig.matcher.routes.set("a", route("a", { target: other }));
  rig.configuration.set({ revision: 2 });
  expect([backlog.of(target), backlog.of(other)]).toEqual([0, 4]);
  rig.matcher.routes.set("a", route("a", { target: other, paused: true }));
  rig.configuration.set({ revision: 3 });
  expect(backlog.of(other)).toBe(0);
  rig.matcher.routes.set("a", route("a", { target: other }));
  rig.configuration.set({ revision: 4 });
  expect(backlog.of(other)).toBe(4);
  await rig.broker.removeTrigger("a", { keepBacklog: false });
  expect(backlog.of(other)).toBe(0);
  end();
});

test("lane: a trigger whose attempts fail asks for no more slots", async () => {
  await using rig = await startRig({ routes: [route("a", { target })] });
  const backlog = tellsBacklog(rig);
  rig.capacity.slots.set(target, 1);
  const failure = { reason: "status", message: "500" };
  rig.deliver = () => ({ kind: "again", notBefore: rig.clock.now() + 60_000, failure });
  for (let n = 1; n <= 20; n++) await rig.broker.append(event(String(n)));
  await rig.clock.advance(10_000);
  expect(backlog.of(target)).toBe(0);
  expect(backlog.told.filter((count) => count > 5)).toEqual([]);
});

test("lane: a route that allows few at once tells no more than that", async () => {
  await using rig = await startRig({ routes: [route("a", { target, maxInFlight: 3 })] });
  const backlog = tellsBacklog(rig);
  const { under } = withSlots(rig, 1);
  rig.capacity.coldTargets.add(target);
  for (let n = 1; n <= 10; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  expect([under.length, backlog.of(target)]).toEqual([1, 2]);
});

test("router: events that wait in memory for a turn are told, too", async () => {
  await using rig = await startRig({ routes: [route("a", { target })] });
  const backlog = tellsBacklog(rig);
  const { under, end } = withSlots(rig, 1);
  for (let n = 1; n <= 3; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  expect([under.length, backlog.of(target), rig.journal.filter(({ kind }) => kind === "waiting")]).toEqual([1, 2, []]);
  for (let n = 0; n < 3; n++) {
    end();
    await rig.settle();
  }
  expect(backlog.of(target)).toBe(0);
});

test("lane: a large backlog uses all slots of its target", async () => {
  await using rig = await startRig({ routes: [route("a", { target, maxInFlight: 1_000 })] });
  const { under, end } = withSlots(rig, 100);
  rig.capacity.coldTargets.add(target);
  for (let n = 1; n <= 300; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  rig.capacity.coldTargets.delete(target);
  rig.capacity.changed(target);
  await rig.settle();
  expect(under.length).toBe(100);
  for (let n = 0; n < 300; n++) end();
  await rig.settle();
});

test("lane: three triggers share the slots of one target, none beyond them but for one event each", async () => {
  const routes = ["a", "b", "c"].map((uid) => route(uid, { target, maxInFlight: 1_000 }));
  await using rig = await startRig({ routes });
  const { under, end } = withSlots(rig, 6);
  rig.capacity.coldTargets.add(target);
  for (let n = 1; n <= 50; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  rig.capacity.coldTargets.delete(target);
  rig.capacity.changed(target);
  let most = 0;
  const by = new Map<string, number>();
  for (let ended = 0; ended < 150; ended++) {
    await rig.settle();
    most = Math.max(most, under.length);
    if (ended === 75) for (const { route: taken } of rig.attempts) by.set(taken.uid, (by.get(taken.uid) ?? 0) + 1);
    end();
  }
  expect(rig.trace).toHaveLength(150);
  expect(most).toBeGreaterThanOrEqual(6);
  expect(most).toBeLessThanOrEqual(6 + 3);
  for (const count of by.values()) expect(count).toBeGreaterThan(20);
});

test("lane: what another process has taken meanwhile does not wait any more, at the next look", async () => {
  await using rig = await startRig({ routes: [route("a", { target })] });
  const backlog = tellsBacklog(rig);
  const { under, end } = withSlots(rig, 1);
  rig.capacity.coldTargets.add(target);
  for (let n = 1; n <= 10; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  expect([under.length, backlog.of(target)]).toEqual([1, 9]);
  await using other = await rig.another({ deliver: () => ({ kind: "done" }) });
  await other.settle();
  expect(other.trace).toHaveLength(9);
  end();
  await rig.clock.advance(10_000);
  expect(backlog.of(target)).toBe(0);
});

test("lane: retries that fall due together use all slots, though another lane leads to the same target", async () => {
  const routes = [route("a", { target, types: ["a"] }), route("b", { target, types: ["b"] })];
  await using rig = await startRig({ routes });
  rig.capacity.coldTargets.add(target);
  const { under, end } = withSlots(rig, 10);
  const { deliver } = rig;
  const failure = { reason: "status", message: "500" };
  const notBefore = rig.clock.now() + 20_000;
  rig.deliver = () => ({ kind: "again", notBefore, failure });
  await rig.broker.append(event("b", "b"));
  for (let n = 1; n <= 30; n++) await rig.broker.append(event(`a${n}`, "a"));
  await rig.clock.advance(10_000);
  rig.capacity.coldTargets.delete(target);
  rig.deliver = deliver;
  await rig.clock.advance(15_000);
  const together: number[] = [];
  while (under.length > 0) {
    together.push(under.length);
    for (let left = under.length; left > 0; left--) end();
    await rig.clock.advance(100);
  }
  // One of each until it is known that attempts succeed again.
  expect(together).toEqual([2, 10, 10, 9]);
});
