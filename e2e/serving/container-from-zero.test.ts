import { afterAll, beforeAll, expect, test } from "vitest";
import { ofType, pingSource, refTo, trigger } from "../harness/api.ts";
import { awaitCondition, awaitValue } from "../harness/await-condition.ts";
import { containersOf, inspectContainer, withEngine } from "../harness/containers.ts";
import { postEvent } from "../harness/post-event.ts";
import { rouseCommand } from "../harness/rouse-command.ts";
import { awaitInstances, type ServingRig, startServingRig } from "../harness/serving-rig.ts";
import { containerService } from "../harness/worker.ts";

await withEngine("a container from zero", (binary) => {
  let rig: ServingRig;

  beforeAll(async () => {
    rig = await startServingRig(binary);
  });
  afterAll(async () => rig?.[Symbol.asyncDispose]());

  test("an event wakes it, with nothing retried and what its Service declares, and it goes when it is idle", async () => {
    const { api, engine, image, server, subscriber } = rig;
    const resources = { limits: { cpu: "500m", memory: "256Mi" } };
    const env = { SINK: subscriber.url("/woken"), GREETING: "hello" };
    const annotations = { "rouse.dev/idle-timeout": "PT2S" };
    await api.apply(
      containerService("woken", image, { env, container: { resources }, annotations }),
      trigger("wakes", refTo("Service", "woken"), { ...ofType("wake"), delivery: { retry: 0 } }),
    );
    await api.awaitReady("Trigger", "wakes");
    expect(await containersOf(engine, "woken")).toEqual([]);
    await postEvent(server.broker(), { id: "first", source: "/test", type: "wake" });
    await awaitCondition("the event at the container", () => subscriber.received("/woken").length === 1, {
      withinMs: 20_000,
      evidence: async () => [await api.condition("Service", "woken"), await api.tail(20)],
    });

    const [{ id = "", labels = {} } = {}] = await containersOf(engine, "woken");
    expect(labels).toMatchObject({ "dev.rouse.managed-by": "rouse", "dev.rouse.instance": "woken-00001-1" });
    const { HostConfig } = await inspectContainer(engine, id);
    expect(HostConfig).toMatchObject({ NanoCpus: 500_000_000, Memory: 256 * 2 ** 20, MemorySwap: 256 * 2 ** 20 });
    const seen = JSON.parse(String(subscriber.received("/woken")[0]?.body)) as Record<string, string>;
    const knative = { K_SERVICE: "woken", K_REVISION: "woken-00001", K_CONFIGURATION: "woken" };
    expect(seen).toMatchObject({ ...knative, GREETING: "hello", PORT: expect.stringMatching(/^\d+$/) });
    expect(Object.keys(seen).filter((name) => name.startsWith("ROUSE"))).toEqual([]);

    const attempts = await awaitValue("the attempt in the timeline", async () => {
      const found = await api.attempts("first");
      return found.length > 0 ? found : undefined;
    });
    expect(attempts).toMatchObject([
      { attempt: 1, verdict: "done", note: { instance: "cold", service: "default/woken", status: 202 } },
    ]);
    expect(await rouseCommand(server, "get", "services")).toMatch(/woken .*1 ready +1 cold/);
    await rig.awaitZero("woken");
    expect(await rouseCommand(server, "get", "services")).toMatch(/woken .*\b0 +1 cold/);
    await postEvent(server.broker(), { id: "second", source: "/test", type: "wake" });
    await awaitCondition("the next event at a new container", () => subscriber.received("/woken").length === 2, {
      withinMs: 20_000,
    });
    expect(await api.dead()).toEqual([]);
    await api.delete("Service", "woken");
    await awaitCondition("no container", async () => (await containersOf(engine, "woken")).length === 0, {
      withinMs: 10_000,
      evidence: () => containersOf(engine, "woken"),
    });
  });

  test("a tick of a schedule wakes it, and it goes when no more come", async () => {
    const { api, image, subscriber } = rig;
    const annotations = { "rouse.dev/idle-timeout": "PT0.5S", "rouse.dev/prewarm": "off" };
    await api.apply(
      containerService("ticked", image, { env: { SINK: subscriber.url("/ticked") }, annotations }),
      pingSource("ticks", "* * * * * *", refTo("Service", "ticked"), { "rouse.dev/missed-ticks": "skip" }),
    );
    await awaitCondition("a tick at the container", () => subscriber.received("/ticked").length > 0, {
      withinMs: 20_000,
      evidence: async () => [await api.condition("Service", "ticked"), await api.condition("PingSource", "ticks")],
    });
    expect(subscriber.received("/ticked")[0]).toMatchObject({ type: "dev.knative.sources.ping" });
    await api.delete("PingSource", "ticks");
    await awaitInstances(api, "ticked", "a cold start, and no prewarmed one", ({ starts }) => starts.cold > 0);
    expect((await api.instances("ticked"))?.starts.prewarmed).toBe(0);
    await rig.awaitZero("ticked");
    const counts = subscriber.acceptedCounts("/ticked");
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
  });
});
