import { sleep, systemClock } from "@rouse/base";
import type { Placed } from "@rouse/serving-client";
import { describe, expect, test } from "vitest";
import { KvRegister } from "../store/kv-register.ts";
import { NatsProcess, natsExpected } from "../store/nats-process.testing.ts";
import { type PlayedProcess, playProcess, reasonOf } from "./instances.testing.ts";
import type { ProcessSight } from "./process-sight.ts";

const leaseMs = 1_500;
const key = "default/hello";
const threeAtMost = { key, maxScale: 3 };

interface Joined extends PlayedProcess, AsyncDisposable {
  /** As `kill -9`: it says nothing more, to anybody. */
  kill(): Promise<void>;
}

/** A process with a connection and a copy of the register of its own. */
async function join(server: NatsProcess, sight?: ProcessSight): Promise<Joined> {
  const connection = await server.connect();
  const register = await KvRegister.open({ connection, clock: systemClock });
  const played = playProcess(register, systemClock, { leaseMs, random: Math.random, ...(sight && { sight }) });
  return {
    ...played,
    async kill() {
      played.register.cut();
      await connection.close();
    },
    async [Symbol.asyncDispose]() {
      await played.instances[Symbol.asyncDispose]();
      await register[Symbol.asyncDispose]();
      await connection.close();
    },
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(systemClock, 5);
}

async function place(process: PlayedProcess, workload = threeAtMost): Promise<Placed> {
  return process.instances.placement.place(workload);
}

describe.skipIf(!natsExpected)("instances over several processes on a real nats-server", () => {
  test("placement: two processes that take and release as fast as they can never hold more than max-scale", async () => {
    await using server = await NatsProcess.start();
    await using one = await join(server);
    await using two = await join(server);
    let held = 0;
    let most = 0;
    let placed = 0;
    const starts = async (process: PlayedProcess) => {
      for (let n = 0; n < 60; n++) {
        const answer = await place(process);
        if (answer.kind === "none") {
          expect(answer.reason).toBe("MaxScaleReached");
          await sleep(systemClock, 1);
          continue;
        }
        placed++;
        most = Math.max(most, ++held);
        await sleep(systemClock, Math.random() * 4);
        held--;
        answer.release();
      }
    };
    await Promise.all([one, one, two, two, one, two].map(starts));
    expect(most).toBe(3);
    expect(placed).toBeGreaterThan(50);
  });

  test("placement: processes that are killed and replaced at random, and NATS with them, never hold more than max-scale", async () => {
    await using server = await NatsProcess.start();
    const live = await Promise.all([0, 1, 2].map(async () => ({ process: await join(server), held: [] as Placed[] })));
    const total = () => live.reduce((sum, each) => sum + each.held.length, 0);
    const gone: Joined[] = [];
    for (let n = 1; n <= 150; n++) {
      const each = live[Math.floor(Math.random() * live.length)]!;
      if (n % 30 === 0) {
        await each.process.kill();
        gone.push(each.process);
        each.held = [];
        each.process = await join(server);
      } else if (n === 75) {
        await server.kill();
        await server.run();
        await until(() => live.every(({ process }) => process.register.since !== undefined));
      } else if (Math.random() < 0.6) {
        const placed = await place(each.process);
        if (placed.kind === "slot") each.held.push(placed);
      } else {
        const last = each.held.pop();
        if (last?.kind === "slot") last.release();
      }
      expect(total()).toBeLessThanOrEqual(3);
      await sleep(systemClock, Math.random() * 10);
    }
    // All that is not held comes free in the end, whoever held it.
    await until(async () => {
      const placed = await place(live[0]!.process);
      if (placed.kind === "slot") live[0]!.held.push(placed);
      return total() === 3;
    });
    for (const process of [...gone, ...live.map((each) => each.process)]) await process[Symbol.asyncDispose]();
  });

  test("placement: the slots of a killed process come back within the lease", async () => {
    await using server = await NatsProcess.start();
    await using one = await join(server);
    await using two = await join(server);
    for (let n = 0; n < 3; n++) expect((await place(one)).kind).toBe("slot");
    await until(async () => reasonOf(await place(two)) === "MaxScaleReached");
    const from = systemClock.monotonic();
    await one.kill();
    await until(async () => (await place(two)).kind === "slot");
    expect(systemClock.monotonic() - from).toBeLessThan(leaseMs + 500);
    expect([(await place(two)).kind, (await place(two)).kind, (await place(two)).kind]).toEqual([
      "slot",
      "slot",
      "none",
    ]);
  });

  test("placement: the slots of a killed process come back at once to a successor that sees that it has ended", async () => {
    await using server = await NatsProcess.start();
    const ended = new Set<string>();
    const sightOf = (own: string): ProcessSight => ({
      own: Promise.resolve(own),
      hasEnded: async (identity) => ended.has(identity),
    });
    await using one = await join(server, sightOf("first"));
    const told = () => one.register.list("host").some(({ value }) => value?.process === "first");
    await until(told);
    for (let n = 0; n < 3; n++) expect((await place(one)).kind).toBe("slot");
    await one.kill();
    ended.add("first");
    const from = systemClock.monotonic();
    await using two = await join(server, sightOf("second"));
    await until(async () => (await place(two)).kind === "slot");
    expect(systemClock.monotonic() - from).toBeLessThan(leaseMs / 2);
  });

  test("placement: NATS killed for longer than the lease takes no slot from anybody, and starts nothing new", async () => {
    await using server = await NatsProcess.start();
    await using one = await join(server);
    await using two = await join(server);
    const first = await place(one);
    await place(one);
    await until(async () => two.instances.hosts.all().length === 2);
    await server.kill();
    await until(() => one.register.since === undefined && two.register.since === undefined);
    expect(await place(two)).toMatchObject({ kind: "none", reason: "StoreUnavailable" });
    await sleep(systemClock, leaseMs + 500);
    await server.run();
    await until(() => one.register.since !== undefined && two.register.since !== undefined);
    await until(async () => reasonOf(await place(two)) === "MaxScaleReached");
    expect(reasonOf(await place(one))).toBe("MaxScaleReached");
    await sleep(systemClock, leaseMs + 200);
    expect(reasonOf(await place(two))).toBe("MaxScaleReached");
    if (first.kind === "slot") first.release();
    await until(async () => (await place(two)).kind === "slot");
  });

  test("placement: a wiped bucket is filled again with what runs", async () => {
    await using server = await NatsProcess.start();
    await using one = await join(server);
    for (let n = 0; n < 3; n++) await place(one);
    await server.kill();
    await server.wipe();
    await until(() => one.register.since === undefined);
    await server.run();
    await until(() => one.register.since !== undefined && one.register.list("slot.default.hello").length === 3);
    await using two = await join(server);
    expect(reasonOf(await place(two))).toBe("MaxScaleReached");
  });

  test("placement: a process that gets no place asks the holder, who hears it", async () => {
    await using server = await NatsProcess.start();
    await using one = await join(server);
    await using two = await join(server);
    await place(one, { key, maxScale: 1 });
    await until(async () => reasonOf(await place(two, { key, maxScale: 1 })) === "MaxScaleReached");
    await until(() => one.wanted.length > 0);
    expect([one.wanted, two.wanted]).toEqual([["default/hello"], []]);
  });

  test("floor: two processes share the minimum, and the one that stays has all of it within the lease after a kill", async () => {
    await using server = await NatsProcess.start();
    await using one = await join(server);
    await using two = await join(server);
    const counts = [0, 0];
    for (const [n, process] of [one, two].entries()) {
      process.instances.placement.watchFloor({ key, minScale: 2 }, (count) => {
        counts[n] = count;
      });
    }
    await until(() => counts[0] === 1 && counts[1] === 1);
    const from = systemClock.monotonic();
    await one.kill();
    await until(() => counts[1] === 2);
    expect(systemClock.monotonic() - from).toBeLessThan(leaseMs + 500);
  });

  test("hosts: a process that leaves is gone at once, one that was killed within the lease", async () => {
    await using server = await NatsProcess.start();
    await using one = await join(server);
    const killed = await join(server);
    {
      await using left = await join(server);
      await until(() => one.instances.hosts.all().length === 3);
      expect(left.instances.hosts.id).not.toBe(one.instances.hosts.id);
    }
    await until(() => one.instances.hosts.all().length === 2);
    await killed.kill();
    await until(() => one.instances.hosts.all().length === 1);
    await killed[Symbol.asyncDispose]();
  });
});
