import { describe, expect, test } from "vitest";
import { Api, broker, instanceCount, refTo, trigger } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { natsServers, startNats } from "../harness/nats.ts";
import { produce } from "../harness/producer.ts";
import { killTiming } from "../harness/server-config.ts";
import { type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { awaitInstances, awaitNoInstance } from "../harness/serving-rig.ts";
import { type Subscriber, startSubscriber } from "../harness/subscriber.ts";
import { processService } from "../harness/worker.ts";

const [binary] = (await natsServers()).slice(-1);
const annotation = (name: string) => `autoscaling.knative.dev/${name}`;

/** What was at work at once, over all instances and in one of them, seen from the sink that every instance calls. */
interface Peaks {
  all: number;
  ofOne: number;
  instances: Set<string>;
}

/** Each call takes its time, and is counted while it does. */
function watchPeaks(subscriber: Subscriber, path: string, workMs: number): Peaks {
  const peaks: Peaks = { all: 0, ofOne: 0, instances: new Set() };
  const busy = new Map<string, number>();
  let now = 0;
  subscriber.on(path, ({ headers }) => {
    const instance = String(headers["x-instance"]);
    now += 1;
    busy.set(instance, (busy.get(instance) ?? 0) + 1);
    peaks.instances.add(instance);
    peaks.all = Math.max(peaks.all, now);
    peaks.ofOne = Math.max(peaks.ofOne, busy.get(instance) ?? 0);
    const write = (response: { writeHead(status: number): { end(): void } }) => {
      setTimeout(() => {
        now -= 1;
        busy.set(instance, (busy.get(instance) ?? 1) - 1);
        response.writeHead(202).end();
      }, workMs);
    };
    return { kind: "raw", write };
  });
  return peaks;
}

/** The ids that came to a path, and how often. */
function timesSeen(subscriber: Subscriber, path: string): Map<string, number> {
  const seen = new Map<string, number>();
  for (const { id } of subscriber.received(path)) seen.set(id, (seen.get(id) ?? 0) + 1);
  return seen;
}

describe.skipIf(binary === undefined && process.env.CI !== "true")("instances by load", () => {
  test("three triggers never have more at work than a service's slots, which are all used, and it goes to zero", async () => {
    await using nats = await startNats(binary!);
    await using server = await startServerProcess({ nats });
    await using subscriber = await startSubscriber();
    const api = new Api(server);
    const peaks = watchPeaks(subscriber, "/work", 40);
    await api.apply(
      await processService("worker", server, {
        env: { SINK: subscriber.url("/work") },
        annotations: { [annotation("max-scale")]: "3", [annotation("window")]: "6s", "rouse.dev/idle-timeout": "PT1S" },
        template: { containerConcurrency: 2 },
      }),
      broker(),
      ...["one", "two", "three"].map((name) => trigger(name, refTo("Service", "worker"), { delivery: { retry: 0 } })),
    );
    await produce({ url: server.broker(), count: 100, rate: 300, prefix: "load" });
    await awaitCondition("300 deliveries", () => subscriber.received("/work").length >= 300, {
      withinMs: 40_000,
      everyMs: 100,
      evidence: async () => [subscriber.received("/work").length, peaks.all, await api.instances("worker")],
    });
    expect(peaks).toMatchObject({ all: 6, ofOne: 2 });
    expect(peaks.instances.size).toBe(3);
    const seen = timesSeen(subscriber, "/work");
    expect([...seen.values()].filter((times) => times !== 3)).toEqual([]);
    expect(await api.dead()).toEqual([]);
    await awaitNoInstance(api, "worker");
    const attempts = (await api.tail()).filter(({ kind }) => kind === "attempt");
    expect(attempts.filter(({ attempt, verdict }) => attempt !== 1 || verdict === "again")).toEqual([]);
  });

  test("over two processes, limits count over both; when one is killed the other takes over without a loss", async () => {
    await using nats = await startNats(binary!);
    await using first = await startServerProcess({ nats, brokerTiming: killTiming });
    await using second = await startServerProcess({ nats, brokerTiming: killTiming });
    await using subscriber = await startSubscriber();
    const api = new Api(second);
    const peaks = watchPeaks(subscriber, "/work", 60);
    const common = { [annotation("window")]: "6s", "rouse.dev/idle-timeout": "PT2S" };
    await api.apply(
      await processService("worker", first, {
        env: { SINK: subscriber.url("/work") },
        annotations: { ...common, [annotation("max-scale")]: "2" },
        template: { containerConcurrency: 2 },
      }),
      await processService("kept", first, { annotations: { ...common, [annotation("min-scale")]: "2" } }),
      broker(),
      trigger("work", refTo("Service", "worker"), { delivery: { retry: 3 } }),
    );
    await Promise.all([first, second].map((server) => new Api(server).awaitReady("Trigger", "work")));
    const ids = () => timesSeen(subscriber, "/work");
    const evidence = async () => [ids().size, peaks, await instancesIn("worker", first, second)];
    const load = [first, second].map((server, index) =>
      produce({ url: server.broker(), count: 60, rate: 100, prefix: `from-${index}` }),
    );
    await Promise.all(load);
    await awaitCondition("120 events", () => ids().size === 120, { withinMs: 30_000, everyMs: 50, evidence });
    expect(peaks).toMatchObject({ all: 4, ofOne: 2 });
    expect(peaks.instances.size).toBe(2);
    expect([...ids().values()].filter((times) => times !== 1)).toEqual([]);

    const spread = async () => (await instancesIn("kept", first, second)).join() === "1,1";
    await awaitCondition("one of the minimum in each", spread, {
      withinMs: 30_000,
      everyMs: 100,
      evidence: () => instancesIn("kept", first, second),
    });
    await awaitInstances(api, "kept", "two in all", (view) => instanceCount(view) === 2);

    const running = produce({ url: second.broker(), count: 80, rate: 80, prefix: "then" });
    await awaitCondition("some of them", () => ids().size >= 140, { withinMs: 20_000, evidence });
    await first.kill();
    await running;
    await awaitCondition("all of them", () => ids().size === 200, {
      withinMs: 40_000,
      everyMs: 100,
      evidence: async () => [ids().size, await api.instances("worker")],
    });
    expect(await api.dead()).toEqual([]);
    const taken = async () => (await instancesIn("kept", second)).join() === "2";
    await awaitCondition("all of the minimum in the one that is left", taken, {
      withinMs: 40_000,
      everyMs: 100,
      evidence: () => instancesIn("kept", second),
    });
  });
});

/** What each process tells of its own instances. */
async function instancesIn(service: string, ...servers: readonly ServerProcess[]): Promise<readonly number[]> {
  return Promise.all(
    servers.map(async (server) => {
      const { starting = 0, ready = 0 } = (await new Api(server).workload(service))?.instances ?? {};
      return starting + ready;
    }),
  );
}
