import { once } from "node:events";
import { chmod, mkdtemp, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Api, broker, ofType, refTo, trigger } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { containersOf, withEngine } from "../harness/containers.ts";
import { postEvent } from "../harness/post-event.ts";
import { processesWith } from "../harness/processes.ts";
import { produce } from "../harness/producer.ts";
import { rouseCommand } from "../harness/rouse-command.ts";
import { killTiming } from "../harness/server-config.ts";
import { startServerProcess } from "../harness/server-process.ts";
import { type ServingRig, startServingRig } from "../harness/serving-rig.ts";
import { containerService, processService } from "../harness/worker.ts";

const nobody = 65_534;

await withEngine("servers that end, and engines that are not there", (binary) => {
  let rig: ServingRig;

  beforeAll(async () => {
    rig = await startServingRig(binary, { drainMs: 6_000, brokerTiming: killTiming });
  });
  afterAll(async () => rig?.[Symbol.asyncDispose]());

  /** How often each event was at a path. */
  const timesAt = (path: string) => {
    const times = new Map<string, number>();
    for (const { id } of rig.subscriber.received(path)) times.set(id, (times.get(id) ?? 0) + 1);
    return times;
  };

  test("killed, it leaves containers to its successor, which removes them, and delivers what was not acknowledged", async () => {
    const { api, engine, image, server, subscriber } = rig;
    const mark = `mark-${process.pid}-${Date.now()}`;
    const template = { containerConcurrency: 2 };
    const scale = { "autoscaling.knative.dev/max-scale": "1", "rouse.dev/idle-timeout": "PT1S" };
    const options = (path: string) => ({
      env: { SINK: subscriber.url(path), WORK: "150", FORKS: "1", MARK: mark },
      annotations: scale,
      template,
    });
    await api.apply(
      containerService("contained", image, options("/contained")),
      await processService("local", server, options("/local")),
      ...["contained", "local"].map((name) =>
        trigger(name, refTo("Service", name), { ...ofType("kill"), delivery: { retry: 1 } }),
      ),
    );
    const sent = await produce({ url: server.broker(), count: 24, rate: 200, prefix: "kill", type: "kill" });
    const begun = () => ["/contained", "/local"].every((path) => timesAt(path).size >= 4);
    await awaitCondition("deliveries to both under way", begun, { withinMs: 20_000 });
    const [before] = await containersOf(engine, "contained");
    expect(before?.state).toBe("running");
    await server.kill();
    await awaitCondition("no process left of those that it ran", async () => (await processesOf(mark)).length === 0, {
      withinMs: 15_000,
      everyMs: 100,
      evidence: () => processesOf(mark),
    });

    await server.restart();
    const arrived = () => ["/contained", "/local"].map((path) => timesAt(path).size);
    await awaitCondition("all at both", () => arrived().every((count) => count === sent.length), {
      withinMs: 40_000,
      everyMs: 100,
      evidence: async () => [arrived(), await api.condition("Service", "contained"), await api.tail(10)],
    });
    const gone = async () => (await containersOf(engine)).every(({ id }) => id !== before?.id);
    await awaitCondition("the container of before removed", gone, { evidence: () => containersOf(engine) });
    // Two at once were at each when it was killed, and their acknowledgements may have been under way.
    for (const path of ["/contained", "/local"]) {
      const repeated = [...timesAt(path).values()].filter((count) => count > 1);
      expect(repeated.length).toBeLessThanOrEqual(4);
      expect(repeated.every((count) => count === 2)).toBe(true);
    }
    expect(await api.dead()).toEqual([]);
    await rig.awaitZero("contained");
    await rig.awaitZero("local");

    /** Those outside of containers: the engine's are in a namespace of their own, and go with the container. */
    async function processesOf(text: string): Promise<readonly number[]> {
      const inside = (await containersOf(engine, "contained")).filter(({ state }) => state === "running").length;
      const all = await processesWith(text);
      return all.length <= inside ? [] : all;
    }
  });

  test("told to end, it lets what runs finish and leaves no container; what is left is delivered by its successor", async () => {
    const { api, engine, image, server, subscriber } = rig;
    const env = { SINK: subscriber.url("/drained"), WORK: "300" };
    await api.apply(
      containerService("drained", image, {
        env,
        annotations: { "autoscaling.knative.dev/max-scale": "1", "rouse.dev/idle-timeout": "PT1S" },
        template: { containerConcurrency: 1 },
      }),
      trigger("drained", refTo("Service", "drained"), { ...ofType("drain"), delivery: { retry: 0 } }),
    );
    await produce({ url: server.broker(), count: 12, rate: 200, prefix: "drain", type: "drain" });
    await awaitCondition("some at work", () => timesAt("/drained").size >= 2, { withinMs: 20_000 });
    expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(await containersOf(engine)).toEqual([]);
    const atTheEnd = timesAt("/drained").size;
    await server.restart();
    await awaitCondition("all of them", () => timesAt("/drained").size === 12, {
      withinMs: 30_000,
      evidence: () => [atTheEnd, timesAt("/drained").size],
    });
    expect([...timesAt("/drained").values()].filter((count) => count !== 1)).toEqual([]);
    expect(await api.dead()).toEqual([]);
  });

  test("without an engine the Service says so and what to do, its event waits, and arrives when there is one", async () => {
    const { engine, image, subscriber } = rig;
    const folder = await mkdtemp(join(tmpdir(), "rouse-socket-"));
    const containerSocket = join(folder, "sock");
    await using server = await startServerProcess({ containerSocket });
    const api = new Api(server);
    await api.apply(
      broker(),
      containerService("alone", image, { env: { SINK: subscriber.url("/alone") } }),
      trigger("alone", refTo("Service", "alone"), { delivery: { retry: 0 } }),
    );
    await postEvent(server.broker(), { id: "held", source: "/test", type: "any" });
    const { reason, message } = await api.awaitReady("Service", "alone", "False");
    expect(["NoHost", "EngineUnavailable"]).toContain(reason);
    expect(message).toMatch(/no container engine answered; tried .*sock \(does not exist\); start Docker or Podman/);
    await awaitCondition("it to be held", async () => (await api.attempts("held")).length > 0, {
      evidence: () => api.tail(10),
    });
    expect((await api.attempts("held")).every(({ verdict }) => verdict === "hold")).toBe(true);
    expect(await rouseCommand(server, "describe", "service", "alone")).toContain("start Docker or Podman");

    await symlink(engine.socketPath, containerSocket);
    await awaitCondition("the event", () => subscriber.received("/alone").length === 1, {
      withinMs: 60_000,
      everyMs: 100,
      evidence: async () => [await api.condition("Service", "alone"), await api.attempts("held")],
    });
    await api.awaitReady("Service", "alone");
    // The worker tells the subscriber before it answers.
    await awaitCondition(
      "the delivery, at the first attempt",
      async () => {
        const last = (await api.attempts("held")).at(-1);
        return last?.verdict === "done" && last.attempt === 1;
      },
      { evidence: () => api.attempts("held") },
    );
    expect(await api.dead()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test("an engine that this user may not use is told from one that is not there", async () => {
    const { image, subscriber } = rig;
    const folder = await mkdtemp(join(tmpdir(), "rouse-socket-"));
    const containerSocket = join(folder, "sock");
    const listener = createServer().listen(containerSocket);
    await once(listener, "listening");
    const root = process.getuid?.() === 0;
    await chmod(folder, 0o755);
    await chmod(containerSocket, root ? 0o600 : 0);
    await using server = await startServerProcess({ containerSocket, ...(root && { user: nobody }) });
    const api = new Api(server);
    await api.apply(
      broker(),
      containerService("forbidden", image, { env: { SINK: subscriber.url("/forbidden") } }),
      trigger("forbidden", refTo("Service", "forbidden"), { delivery: { retry: 0 } }),
    );
    await postEvent(server.broker(), { id: "held", source: "/test", type: "any" });
    const { message } = await api.awaitReady("Service", "forbidden", "False");
    expect(message).toMatch(/sock is there, but this user may not open it; add the user to the group of the socket/);
    expect(await api.dead()).toEqual([]);
    listener.close();
    await rm(folder, { recursive: true, force: true });
  });
});
