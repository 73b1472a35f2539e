import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { MemoryRegister } from "../store/memory-register.ts";
import { containerProgram, type PlayedProcess, playProcess } from "./instances.testing.ts";

const leaseMs = 1_500;
const key = "default/hello";

function house() {
  const clock = new ManualClock();
  return { clock, register: new MemoryRegister({ clock }) };
}

/** Watches a floor and keeps what was told last. */
function watch(process: PlayedProcess, minScale: number) {
  const floor = { told: [] as number[], stop: () => {}, last: () => floor.told.at(-1) };
  floor.stop = process.instances.placement.watchFloor({ key, minScale }, (count) => void floor.told.push(count));
  return floor;
}

test("floor: one process keeps all of the minimum, and is told at once and after every change", async () => {
  const { clock, register } = house();
  const floor = watch(playProcess(register, clock), 2);
  expect(floor.told).toEqual([0]);
  await clock.advance(1);
  expect(floor.told).toEqual([0, 1, 2]);
});

test("floor: a process that joins takes its part of the minimum, and then nothing moves any more", async () => {
  const { clock, register } = house();
  const one = watch(playProcess(register, clock), 2);
  await clock.advance(10);
  const two = watch(playProcess(register, clock), 2);
  await clock.advance(10 * leaseMs);
  expect([one.told, two.told]).toEqual([
    [0, 1, 2, 1],
    [0, 1],
  ]);
});

test("floor: a minimum of one stays where it is when others join, and is taken over within the lease after a kill", async () => {
  const { clock, register } = house();
  const first = playProcess(register, clock);
  const one = watch(first, 1);
  await clock.advance(10);
  const others = [watch(playProcess(register, clock), 1), watch(playProcess(register, clock), 1)];
  await clock.advance(10 * leaseMs);
  expect([one.last(), ...others.map((each) => each.last())]).toEqual([1, 0, 0]);
  first.register.cut();
  await clock.advance(leaseMs + 1);
  expect(others.map((each) => each.last()!).reduce((sum, each) => sum + each)).toBe(1);
});

test("floor: a workload that is applied anew keeps its part, one that is removed gives it to others", async () => {
  const { clock, register } = house();
  const first = playProcess(register, clock);
  const one = watch(first, 1);
  await clock.advance(10);
  const two = watch(playProcess(register, clock), 1);
  one.stop();
  const again = watch(first, 1);
  expect(again.told).toEqual([1]);
  await clock.advance(5_000);
  expect([again.last(), two.last()]).toEqual([1, 0]);
  again.stop();
  await clock.advance(5_000);
  expect(two.last()).toBe(1);
});

test("floor: a lowered minimum gives back what is beyond it", async () => {
  const { clock, register } = house();
  const process = playProcess(register, clock);
  const high = watch(process, 3);
  await clock.advance(10);
  high.stop();
  const low = watch(process, 1);
  await clock.advance(10);
  expect([high.last(), low.told[0], low.last()]).toEqual([3, 1, 1]);
  expect(register.list("floor.default.hello").filter((record) => record.value !== undefined)).toHaveLength(1);
});

test("floor: a process that cannot run the service keeps none of it", async () => {
  const { clock, register } = house();
  const programOf = () => containerProgram;
  const without = playProcess(register, clock, { programOf });
  without.instances.hosts.canRun(containerProgram);
  await clock.advance(10);
  const none = watch(without, 2);
  const all = watch(playProcess(register, clock, { programOf, containers: () => ({ kind: "available" }) }), 2);
  await clock.advance(leaseMs);
  expect([none.last(), all.last()]).toEqual([0, 2]);
});
