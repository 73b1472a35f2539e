import { type Clock, systemClock } from "@rouse/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Broker, openBroker } from "./broker.ts";
import {
  event,
  route,
  TestCapacity,
  TestConfiguration,
  type TestDeliver,
  TestMatcher,
  type TestRoute,
  traceOf,
} from "./broker-rig.testing.ts";
import type { BrokerTiming } from "./broker-timing.ts";
import type { FaultPoint } from "./fault-points.ts";
import { connectNats } from "./log/jetstream/connection.ts";
import { createJetstreamEngine } from "./log/jetstream/jetstream-engine.ts";
import { startTestServer, withNatsServers } from "./log/jetstream/nats-server.testing.ts";
import type { NatsServer } from "./log/jetstream/nats-server.ts";
import { mortalEngine } from "./mortal-engine.testing.ts";

const failed = { reason: "failed", message: "answered 503", status: 503 };
const timing: BrokerTiming = {
  routerAckWaitMs: 3_000,
  laneAckWaitMs: 3_000,
  laneIdleMs: 500,
  spillAfterMs: 300,
  sweepEveryMs: 1_000,
};
let brokers = 0;

interface Process extends AsyncDisposable {
  readonly broker: Broker<TestRoute>;
  readonly matcher: TestMatcher;
  readonly configuration: TestConfiguration;
  readonly capacity: TestCapacity;
  kill(): void;
}

interface World {
  readonly name: string;
  readonly server: NatsServer;
  /** Deliveries that were accepted, of all processes: `<id>:<uid>` and how often. */
  readonly accepted: Map<string, number>;
}

function world(server: NatsServer): World {
  return { name: `b${++brokers}`, server, accepted: new Map() };
}

interface ProcessOptions {
  readonly deliver?: TestDeliver;
  readonly routes?: readonly TestRoute[];
  readonly faults?: (point: FaultPoint, kill: () => void) => void;
  readonly timing?: Partial<BrokerTiming>;
  readonly loaded?: boolean;
}

async function startProcess({ accepted, name, server }: World, options: ProcessOptions = {}): Promise<Process> {
  const clock: Clock = systemClock;
  const connection = await connectNats({ servers: [server.url], user: server.user, password: server.password });
  const engine = mortalEngine(createJetstreamEngine({ connection, clock }));
  const matcher = new TestMatcher(options.routes ?? [route("a")]);
  const configuration = new TestConfiguration();
  configuration.loaded = options.loaded ?? true;
  const capacity = new TestCapacity();
  let killed = false;
  const kill = () => {
    killed = true;
    engine.kill();
  };
  const broker = await openBroker<TestRoute>({
    engine,
    clock,
    random: Math.random,
    namespace: "it",
    name,
    settings: { drainMs: 500 },
    timing: { ...timing, ...options.timing },
    matcher,
    configuration,
    capacity,
    journal: () => {},
    deliver: async (delivery, signal) => {
      if (killed) return await new Promise(() => {});
      const verdict = await (options.deliver ?? (() => ({ kind: "done" }) as const))(delivery, signal);
      if (verdict.kind === "done") {
        const key = traceOf(delivery).replace(/:d?\d+$/, "");
        accepted.set(key, (accepted.get(key) ?? 0) + 1);
      }
      return verdict;
    },
    faults: (point) => options.faults?.(point, kill),
  });
  return {
    broker,
    matcher,
    configuration,
    capacity,
    kill,
    async [Symbol.asyncDispose]() {
      if (!killed) await broker[Symbol.asyncDispose]();
      await connection.close();
    },
  };
}

async function until(condition: () => boolean | Promise<boolean>, what: () => string, ms = 30_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited too long until ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Like a producer: repeats an event until it is accepted. */
async function produce(broker: Broker<TestRoute>, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    for (let tries = 0; ; tries++) {
      try {
        await broker.append(event(id));
        break;
      } catch (failure) {
        if (tries > 600) throw failure;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

function idsOf(count: number, prefix = "e"): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n + 1}`);
}

function missing(accepted: ReadonlyMap<string, number>, ids: readonly string[], uids: readonly string[]): string[] {
  return ids.flatMap((id) => uids.map((uid) => `${id}:${uid}`)).filter((key) => !accepted.has(key));
}

function extra(accepted: ReadonlyMap<string, number>): number {
  return [...accepted.values()].reduce((sum, times) => sum + times - 1, 0);
}

async function untilQuiet({ broker }: Process): Promise<void> {
  let quiet = 0;
  await until(
    async () => {
      const numbers = await broker.numbers().catch(() => undefined);
      quiet = numbers?.unrouted === 0 && numbers.lanes.size === 0 ? quiet + 1 : 0;
      return quiet >= 4;
    },
    () => "log and lanes are empty",
  );
}

await withNatsServers("broker on jetstream", (binary) => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startTestServer(binary);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  test("broker: delivers, retries through the lane and closes it", async () => {
    const here = world(server);
    const points: FaultPoint[] = [];
    const deliver: TestDeliver = ({ attempt }) =>
      attempt < 3 ? { kind: "again", notBefore: Date.now() + 30, failure: failed } : { kind: "done" };
    await using one = await startProcess(here, { deliver, faults: (point) => points.push(point) });
    await produce(one.broker, idsOf(50));
    await until(
      () => missing(here.accepted, idsOf(50), ["a"]).length === 0,
      () => "all are delivered",
    );
    await until(
      () => points.includes("durable-deleted"),
      () => "the lane is closed",
    );
    expect(extra(here.accepted)).toBe(0);
    expect(await one.broker.numbers()).toMatchObject({ lastSequence: 50, unrouted: 0, lanes: new Map(), dead: 0 });
  });

  test("broker: an event for a cold target is handed over within 15 ms of its arrival at the median", async () => {
    const here = world(server);
    const shares: number[] = [];
    let stored = 0;
    await using one = await startProcess(here, {
      deliver: () => {
        shares.push(performance.now() - stored);
        return { kind: "done" };
      },
    });
    one.capacity.coldTargets.add("url:a");
    for (const id of idsOf(21)) {
      stored = performance.now();
      await one.broker.append(event(id));
      await until(
        () => here.accepted.has(`${id}:a`),
        () => "it is delivered",
      );
      await until(
        async () => (await one.broker.numbers()).lanes.size === 0,
        () => "the lane is empty",
      );
    }
    shares.sort((a, b) => a - b);
    // Appending is part of the time, and the machine may be busy: the promise itself is held by the bench.
    expect(shares[10]).toBeLessThan(15);
  });

  test("broker: a lane left full by a killed process is delivered by the next, nothing lost", async () => {
    const here = world(server);
    await using first = await startProcess(here, { routes: [route("a", { paused: true })] });
    await produce(first.broker, idsOf(149));
    await until(
      async () => (await first.broker.numbers()).lanes.get("a") === 149,
      () => "all are in the lane",
    );
    first.kill();
    await using second = await startProcess(here);
    await until(
      () => missing(here.accepted, idsOf(149), ["a"]).length === 0,
      () => "all are delivered",
    );
    await untilQuiet(second);
    expect(extra(here.accepted)).toBe(0);
  });

  test("broker: lanes flap between two processes without loss or a stuck lane, and hardly a repeat", async () => {
    const here = world(server);
    const fast = { laneIdleMs: 20 };
    let closed = 0;
    const faults = (point: FaultPoint) => {
      if (point === "durable-deleted") closed++;
    };
    const deliver: TestDeliver = ({ attempt }) =>
      attempt === 1 && Math.random() < 0.5 ? { kind: "again", notBefore: 0, failure: failed } : { kind: "done" };
    await using first = await startProcess(here, { timing: fast, deliver, faults });
    await using second = await startProcess(here, { timing: fast, deliver, faults });
    const ids = idsOf(120);
    for (const [n, id] of ids.entries()) {
      await produce((n % 2 ? first : second).broker, [id]);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    await until(
      () => missing(here.accepted, ids, ["a"]).length === 0,
      () => "all are delivered",
    );
    await untilQuiet(first);
    expect(closed).toBeGreaterThan(3);
    // A copy in the other's hands, not acked yet, comes again when its cursor is deleted in that very moment: at most one
    // for each closing, since the closer has just seen the lane empty.
    expect(extra(here.accepted)).toBeLessThanOrEqual(closed);
  });

  test("broker: a deleted trigger's full lane is kept as dead records, and its events match nothing", async () => {
    const here = world(server);
    await using one = await startProcess(here, { routes: [route("a", { paused: true })] });
    await using other = await startProcess(here, { routes: [route("a", { paused: true })] });
    await produce(one.broker, idsOf(272));
    await until(
      async () => (await one.broker.numbers()).lanes.get("a") === 272,
      () => "all are in the lane",
    );
    for (const { configuration, matcher } of [one, other]) {
      matcher.routes.delete("a");
      configuration.set({ revision: 2 });
    }
    expect(await one.broker.removeTrigger("a", { keepBacklog: true })).toBeLessThanOrEqual(272);
    await until(
      async () => (await one.broker.numbers()).dead === 272,
      () => "all are dead records",
    );
    await untilQuiet(one);
    await one.broker.append(event("late"));
    await untilQuiet(one);
    expect((await one.broker.numbers()).dead).toBe(272);
  });

  test("broker: a restart with the trigger list not loaded yet buries nothing", async () => {
    const here = world(server);
    await using first = await startProcess(here, { routes: [route("a", { paused: true })] });
    await produce(first.broker, idsOf(40));
    await until(
      async () => (await first.broker.numbers()).lanes.get("a") === 40,
      () => "all are in the lane",
    );
    first.kill();
    await using second = await startProcess(here, { routes: [], loaded: false });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect((await second.broker.numbers()).dead).toBe(0);
    second.matcher.routes.set("a", route("a"));
    second.configuration.set({ loaded: true });
    await until(
      () => missing(here.accepted, idsOf(40), ["a"]).length === 0,
      () => "all are delivered",
    );
    expect((await second.broker.numbers()).dead).toBe(0);
  });

  const points: readonly FaultPoint[] = [
    "after-direct-delivery",
    "settled-before-ack",
    "lane-copy-stored",
    "durable-created",
    "drained-seen",
    "durable-deleted",
    "lane-delivered",
  ];
  for (const point of points) {
    test(`broker: loses nothing when the process dies at ${point}, three times over`, async () => {
      const here = world(server);
      const routes = [route("a"), route("b"), route("c", { maxInFlight: 1 })];
      const deliver: TestDeliver = ({ attempt, route: { uid } }) =>
        uid === "b" && attempt === 1 ? { kind: "again", notBefore: 0, failure: failed } : { kind: "done" };
      const accepted: string[] = [];
      for (let round = 1; round <= 3; round++) {
        let dies = point.startsWith("d") ? 1 : 20;
        let dead: () => void = () => {};
        const died = new Promise<void>((resolve) => (dead = resolve));
        const faults = (reached: FaultPoint, kill: () => void) => {
          if (reached !== point || --dies !== 0) return;
          kill();
          dead();
        };
        await using process = await startProcess(here, { routes, deliver, faults, timing: { laneIdleMs: 100 } });
        const producing = (async () => {
          for (const id of idsOf(60, `r${round}-`)) {
            if ((await Promise.race([process.broker.append(event(id)), died])) === undefined) return;
            accepted.push(id);
          }
        })();
        await Promise.race([died, new Promise((resolve) => setTimeout(resolve, 8_000))]);
        await producing;
        expect(dies).toBeLessThanOrEqual(0);
      }
      await using last = await startProcess(here, { routes, deliver, timing: { laneIdleMs: 100 } });
      const lost = () => missing(here.accepted, accepted, ["a", "b", "c"]);
      await until(
        () => lost().length === 0,
        () => `${lost().slice(0, 5)} are delivered`,
      );
      await untilQuiet(last);
    });
  }

  test("broker: loses nothing when nats-server is killed again and again under load", async () => {
    await using own = await startTestServer(binary);
    const here = world(own);
    const routes = [route("a"), route("b"), route("c", { maxInFlight: 2 })];
    const deliver: TestDeliver = async ({ attempt, route: { uid } }) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return uid === "b" && attempt === 1 && Math.random() < 0.3
        ? { kind: "again", notBefore: Date.now() + 50, failure: failed }
        : { kind: "done" };
    };
    await using one = await startProcess(here, { routes, deliver });
    let done = false;
    const ids = idsOf(1_500);
    const lanes = [0, 1, 2, 3].map((lane) =>
      produce(
        one.broker,
        ids.filter((_, n) => n % 4 === lane),
      ),
    );
    const producing = Promise.all(lanes).then(() => {
      done = true;
    });
    let kills = 0;
    while (!done && kills < 6) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await own.kill();
      kills++;
      await own.restart();
      await until(
        async () =>
          await one.broker.lastSequence().then(
            () => true,
            () => false,
          ),
        () => "it answers again",
      );
    }
    await producing;
    const lost = () => missing(here.accepted, ids, ["a", "b", "c"]);
    await until(
      () => lost().length === 0,
      () => `${lost().length} are delivered, e.g. ${lost().slice(0, 5)}`,
      40_000,
    );
    await untilQuiet(one);
    expect(kills).toBeGreaterThan(1);
    expect(extra(here.accepted)).toBeLessThan(10);
  });
});
