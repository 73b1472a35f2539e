import { ManualClock } from "@rouse/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryRegister } from "../store/memory-register.ts";
import { containerProgram, placeOf, playProcess, processProgram, reasonOf, release } from "./instances.testing.ts";

const three = { key: "default/hello", maxScale: 3 };
const leaseMs = 1_500;

function house() {
  const clock = new ManualClock();
  return { clock, register: new MemoryRegister({ clock }) };
}

test("placement: two processes get no more than max-scale slots together, and one more after each release", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  const placed = await Promise.all(
    [one, two, one, two, one, two].map((process) => process.instances.placement.place(three)),
  );
  expect(placed.filter((each) => each.kind === "slot")).toHaveLength(3);
  const refused = placed.find((each) => each.kind === "none");
  expect(refused).toMatchObject({ reason: "MaxScaleReached", retryAfterMs: 1_000 });
  release(placed.find((each) => each.kind === "slot")!);
  await clock.advance(1);
  expect((await two.instances.placement.place(three)).kind).toBe("slot");
  expect(reasonOf(await one.instances.placement.place(three))).toBe("MaxScaleReached");
});

test("placement: an unlimited service is placed at once, without a promise", () => {
  const { clock, register } = house();
  const { instances } = playProcess(register, clock);
  expect(instances.placement.place({ ...three, maxScale: 0 })).toMatchObject({ kind: "slot" });
});

test("placement: a process alone starts again on the slot it had, without a promise, until another one joins", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  await clock.advance(1);
  const workload = { key: "default/hello", maxScale: 1 };
  release(await one.instances.placement.place(workload));
  const again = one.instances.placement.place(workload);
  expect(again).toMatchObject({ kind: "slot" });
  release(await again);
  const two = playProcess(register, clock);
  await clock.advance(1);
  expect((await two.instances.placement.place(workload)).kind).toBe("slot");
  expect(reasonOf(await one.instances.placement.place(workload))).toBe("MaxScaleReached");
});

test("placement: an instance starts on the slot of the one that it replaces, which is free when both have ended", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  const workload = { key: "default/hello", maxScale: 1 };
  const { placement } = one.instances;
  const old = placeOf(await placement.place(workload));
  const fresh = placement.place(workload, [old]);
  expect(fresh).toMatchObject({ kind: "slot" });
  expect(reasonOf(await placement.place(workload, [old]))).toBe("MaxScaleReached");
  old.release();
  await clock.advance(1);
  expect(reasonOf(await two.instances.placement.place(workload))).toBe("MaxScaleReached");
  release(await fresh);
  await clock.advance(1);
  expect((await two.instances.placement.place(workload)).kind).toBe("slot");
});

test("placement: of those on one slot only the last is no leaving one, whichever of them end first", async () => {
  const { clock, register } = house();
  const { placement } = playProcess(register, clock).instances;
  await clock.advance(1);
  const workload = { key: "default/hello", maxScale: 1 };
  const first = placeOf(await placement.place(workload));
  const second = placeOf(await placement.place(workload, [first]));
  const third = placeOf(await placement.place(workload, [first, second]));
  second.release();
  expect(reasonOf(await placement.place(workload, [first]))).toBe("MaxScaleReached");
  third.release();
  expect(placement.place(workload, [first])).toMatchObject({ kind: "slot" });
  expect(reasonOf(await placement.place(workload, [second, third]))).toBe("MaxScaleReached");
});

test("placement: the part of an instance that leaves is taken on its own slot, so that the others keep theirs", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  const workload = { key: "default/hello", maxScale: 2 };
  await one.instances.placement.place(workload);
  const old = placeOf(await one.instances.placement.place(workload));
  await one.instances.placement.place(workload, [old]);
  old.release();
  await clock.advance(1);
  expect(reasonOf(await two.instances.placement.place(workload))).toBe("MaxScaleReached");
});

test("placement: the slots of a killed process are free when the lease is over, and not before", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  for (let n = 0; n < 3; n++) await one.instances.placement.place(three);
  one.register.cut();
  await clock.advance(leaseMs / 2);
  expect(reasonOf(await two.instances.placement.place(three))).toBe("MaxScaleReached");
  await clock.advance(leaseMs / 2);
  const placed = [];
  for (let n = 0; n < 4; n++) placed.push(await two.instances.placement.place(three));
  expect(placed.map((each) => each.kind)).toEqual(["slot", "slot", "slot", "none"]);
});

test("placement: the slots of a killed process are free at once for a successor that sees that it has ended", async () => {
  const { clock, register } = house();
  const ended = new Set<string>();
  const sightOf = (own: string) => ({
    own: Promise.resolve(own),
    hasEnded: async (identity: string) => ended.has(identity),
  });
  const one = playProcess(register, clock, { sight: sightOf("first") });
  const bystander = playProcess(register, clock);
  await clock.advance(300);
  for (let n = 0; n < 3; n++) await one.instances.placement.place(three);
  one.register.cut();
  const blind = playProcess(register, clock, { sight: sightOf("blind") });
  await clock.advance(1);
  expect(reasonOf(await blind.instances.placement.place(three))).toBe("MaxScaleReached");
  ended.add("first");
  const successor = playProcess(register, clock, { sight: sightOf("second") });
  await clock.advance(1);
  expect(successor.instances.hosts.all()).toHaveLength(3);
  expect((await successor.instances.placement.place(three)).kind).toBe("slot");
  expect((await bystander.instances.placement.place(three)).kind).toBe("slot");
});

test("placement: one seen to have ended while the storage is away is removed when it is back, not before", async () => {
  const { clock, register } = house();
  const sight = { own: Promise.resolve("first"), hasEnded: async () => false };
  const one = playProcess(register, clock, { sight });
  await clock.advance(300);
  await one.instances.placement.place({ ...three, maxScale: 1 });
  one.register.cut();
  const seeing = { own: Promise.resolve("second"), hasEnded: async (identity: string) => identity === "first" };
  const successor = playProcess(register, clock, { sight: seeing });
  successor.register.cut();
  await clock.advance(1);
  expect(register.get(`host.${one.instances.hosts.id}`)?.value).toBeDefined();
  successor.register.heal();
  await clock.advance(1);
  expect((await successor.instances.placement.place({ ...three, maxScale: 1 })).kind).toBe("slot");
});

test("placement: a process whose slots are shown before itself keeps them", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  for (let n = 0; n < 3; n++) await one.instances.placement.place(three);
  two.register.hidden = `host.${one.instances.hosts.id}`;
  expect((await two.instances.placement.place(three)).kind).toBe("none");
  two.register.hidden = undefined;
  expect(reasonOf(await two.instances.placement.place(three))).toBe("MaxScaleReached");
});

test("placement: with the storage away nothing new is placed, and what runs keeps its slot when it comes back", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  for (let n = 0; n < 3; n++) await one.instances.placement.place(three);
  one.register.cut();
  two.register.cut();
  await clock.advance(20 * leaseMs);
  expect(await one.instances.placement.place(three)).toMatchObject({ kind: "none", reason: "StoreUnavailable" });
  one.register.heal();
  two.register.heal();
  await clock.advance(3 * leaseMs);
  expect(reasonOf(await two.instances.placement.place(three))).toBe("MaxScaleReached");
});

test("placement: a slot released while the storage is away is free once it is back", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  const held = await one.instances.placement.place({ ...three, maxScale: 1 });
  one.register.cut();
  release(held);
  one.register.heal();
  await clock.advance(1);
  expect((await two.instances.placement.place({ ...three, maxScale: 1 })).kind).toBe("slot");
});

test("placement: a process that was given up for dead and comes back starts nothing before what it runs has slots", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  const own = [await one.instances.placement.place(three), await one.instances.placement.place(three)];
  one.register.cut();
  await clock.advance(2 * leaseMs);
  const taken = [];
  for (let n = 0; n < 3; n++) taken.push(await two.instances.placement.place(three));
  one.register.heal();
  await clock.advance(10);
  release(taken[0]!);
  await clock.advance(10);
  expect(reasonOf(await one.instances.placement.place(three))).toBe("MaxScaleReached");
  expect(reasonOf(await two.instances.placement.place(three))).toBe("MaxScaleReached");
  for (const each of own) release(each);
  await clock.advance(10);
  expect((await two.instances.placement.place(three)).kind).toBe("slot");
});

test("placement: a process that may not start an instance asks the one that has one to look for its events", async () => {
  const { clock, register } = house();
  const [one, two, three_] = [playProcess(register, clock), playProcess(register, clock), playProcess(register, clock)];
  await clock.advance(1);
  await one.instances.placement.place({ ...three, maxScale: 1 });
  for (let n = 0; n < 5; n++) await two.instances.placement.place({ ...three, maxScale: 1 });
  await clock.advance(150);
  expect([one.wanted, two.wanted, three_.wanted]).toEqual([["default/hello"], [], []]);
});

test("placement: a container goes to the process that can run containers, or to nobody with the reason", async () => {
  const { clock, register } = house();
  const programOf = () => containerProgram;
  const without = playProcess(register, clock, { programOf });
  without.instances.hosts.canRun(containerProgram);
  await clock.advance(10);
  const alone = await without.instances.placement.place(three);
  expect(alone).toMatchObject({
    reason: "NoHost",
    message: "no process can run containers: there is no engine; start one",
  });
  const withEngine = playProcess(register, clock, { programOf, containers: () => ({ kind: "available" }) });
  await clock.advance(10);
  expect(without.instances.hosts.canRun(containerProgram)).toEqual({ kind: "yes" });
  expect(reasonOf(await without.instances.placement.place(three))).toBe("RunsElsewhere");
  expect((await withEngine.instances.placement.place(three)).kind).toBe("slot");
  await clock.advance(150);
  expect(withEngine.wanted).toEqual(["default/hello"]);
});

test("hosts: instances are added up over all processes, and a dead one's are left out", async () => {
  const { clock, register } = house();
  const counts = { "default/hello": { starting: 1, ready: 2, frozen: 0 } };
  const one = playProcess(register, clock, { services: () => counts });
  const two = playProcess(register, clock, { services: () => counts });
  await clock.advance(1);
  expect(one.instances.hosts.instancesOf("default/hello")).toEqual({ starting: 2, ready: 4, frozen: 0 });
  expect(one.instances.hosts.instancesOf("default/other")).toEqual({ starting: 0, ready: 0, frozen: 0 });
  two.register.cut();
  await clock.advance(leaseMs);
  expect(one.instances.hosts.instancesOf("default/hello")).toEqual({ starting: 1, ready: 2, frozen: 0 });
});

test("hosts: one process prepares for an expected event, the one that has an instance if there is one", async () => {
  const { clock, register } = house();
  const served: Record<string, { starting: number; ready: number; frozen: number }> = {};
  const all = [
    playProcess(register, clock),
    playProcess(register, clock, { services: () => served }),
    playProcess(register, clock),
  ];
  await clock.advance(1);
  const who = (key: string) => all.map(({ instances }) => instances.hosts.prepares(key, processProgram));
  for (let n = 0; n < 20; n++) expect(who(`default/s${n}`).filter(Boolean)).toHaveLength(1);
  served["default/warm"] = { starting: 0, ready: 0, frozen: 1 };
  all[1]!.instances.hosts.changed();
  await clock.advance(300);
  expect(who("default/warm")).toEqual([false, true, false]);
});

test("instances: disposed, nothing is left held and no timer is set", async () => {
  const { clock, register } = house();
  const one = playProcess(register, clock);
  const two = playProcess(register, clock);
  await clock.advance(1);
  await one.instances.placement.place(three);
  one.instances.placement.watchFloor({ key: "default/hello", minScale: 2 }, () => {});
  await clock.advance(1);
  await one.instances[Symbol.asyncDispose]();
  await two.instances[Symbol.asyncDispose]();
  expect(register.all().filter((record) => record.value !== undefined)).toEqual([]);
  expect(clock.timers).toBe(0);
});

test("placement: whatever processes take, release, lose and regain, the live ones never hold more than max-scale", async () => {
  const step = fc.record({
    process: fc.nat(2),
    act: fc.constantFrom("place", "place", "release", "cut", "heal", "wait"),
    waitMs: fc.nat(1_000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (steps, maxScale) => {
      const { clock, register } = house();
      const processes = [0, 1, 2].map(() => ({ ...playProcess(register, clock), held: [] as (() => void)[] }));
      await clock.advance(1);
      // Cut off for so long, a process may have been given up; what it ran by then is not counted until it has ended.
      const given = [false, false, false];
      const cutMs = [0, 0, 0];
      for (const { act, process: n, waitMs } of steps) {
        const process = processes[n]!;
        if (act === "place") {
          const placed = await process.instances.placement.place({ key: "default/p", maxScale });
          if (placed.kind === "slot") process.held.push(placed.release);
        } else if (act === "release") process.held.pop()?.();
        else if (act === "cut") process.register.cut();
        else if (act === "heal") process.register.heal();
        const passedMs = act === "wait" ? waitMs : 1;
        await clock.advance(passedMs);
        for (const [index, each] of processes.entries()) {
          cutMs[index] = each.register.since === undefined ? cutMs[index]! + passedMs : 0;
          given[index] = each.held.length > 0 && (given[index]! || cutMs[index]! >= (leaseMs * 2) / 3);
        }
        const held = processes.filter((_, index) => !given[index]).map((each) => each.held.length);
        expect(held.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(maxScale);
      }
      for (const { instances, register: own } of processes) {
        own.heal();
        await instances[Symbol.asyncDispose]();
      }
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 60 },
  );
});
