import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Manifest, ofType, refTo, trigger } from "../harness/api.ts";
import { awaitCondition, awaitValue } from "../harness/await-condition.ts";
import { containersOf, withEngine } from "../harness/containers.ts";
import { postEvent } from "../harness/post-event.ts";
import { produce } from "../harness/producer.ts";
import { awaitInstances, type ServingRig, startServingRig } from "../harness/serving-rig.ts";
import { containerService, processService } from "../harness/worker.ts";

const annotations = { "rouse.dev/freeze-after": "PT0.1S", "rouse.dev/idle-timeout": "PT20S" };
const own = { "rouse.dev/visibility": "public" };

await withEngine("frozen instances", (binary) => {
  let rig: ServingRig;

  beforeAll(async () => {
    rig = await startServingRig(binary);
  });
  afterAll(async () => rig?.[Symbol.asyncDispose]());

  /** Events that come just when it is frozen, or is about to be. */
  async function trickle(name: string, manifest: Manifest, sleeps: () => Promise<boolean>): Promise<void> {
    const { api, server, subscriber } = rig;
    const wakes = trigger(name, refTo("Service", name), { ...ofType(name), delivery: { retry: 0 } });
    await api.apply(manifest, wakes);
    await postEvent(server.broker(), { id: `${name}-first`, source: "/test", type: name });
    await awaitInstances(api, name, "a frozen instance", ({ count }) => count.frozen === 1);
    await awaitCondition(`${name} to stand still`, sleeps);

    const sent = await produce({ url: server.broker(), count: 35, rate: 7, prefix: name, type: name });
    const ids = () => new Set(subscriber.received(`/${name}`).map(({ id }) => id));
    await awaitCondition(`all events at ${name}`, () => ids().size === sent.length + 1, {
      withinMs: 15_000,
      evidence: async () => [ids().size, await api.instances(name), await api.tail(20)],
    });
    expect(subscriber.received(`/${name}`)).toHaveLength(sent.length + 1);
    const instances = new Set(subscriber.received(`/${name}`).map(({ headers }) => headers["x-instance"]));
    expect(instances.size).toBe(1);
    const attempts = await awaitValue("all attempts in the timeline", async () => {
      const all = (await api.tail()).filter((line) => line.kind === "attempt" && line.trigger === name);
      return all.length > sent.length ? all : undefined;
    });
    expect(attempts.filter(({ attempt, verdict }) => attempt !== 1 || verdict !== "done")).toEqual([]);
    // Most are thawed while their event is being stored, so that their delivery meets one that is ready.
    const changes = await api.changes(name);
    const times = (change: string) => changes.filter((line) => line.change === change).length;
    expect([times("ready"), times("failed")]).toEqual([1, 0]);
    expect(times("thawed")).toBeGreaterThan(10);

    await awaitInstances(api, name, "a frozen instance", ({ count }) => count.frozen === 1);
    const answer = await fetch(`${server.dataPlane}/-/services/default/${name}/`);
    const seen = JSON.stringify((await api.changes(name)).slice(-6));
    expect([answer.status, answer.headers.get("server-timing")], seen).toEqual([
      200,
      expect.stringMatching(/^thawed;dur=\d/),
    ]);
    expect(await api.dead()).toEqual([]);
    await api.delete("Service", name);
  }

  test("containers and processes go on for each event that trickles in, and nothing is lost on the way", async () => {
    const { engine, image, server, subscriber } = rig;
    const options = (name: string) => ({ env: { SINK: subscriber.url(`/${name}`) }, annotations, own });
    const paused = async () => (await containersOf(engine, "paused"))[0]?.state === "paused";
    const pid = () => String(subscriber.received("/stopped")[0]?.headers["x-instance"]).split("-")[0];
    const stopped = async () => / T /.test((await readFile(`/proc/${pid()}/stat`, "utf8")).replace(/^.*\)/, ""));
    const both = [trickle("paused", containerService("paused", image, options("paused")), paused)];
    if (process.platform === "linux") {
      both.push(trickle("stopped", await processService("stopped", server, options("stopped")), stopped));
    }
    await Promise.all(both);
    await awaitCondition("no container", async () => (await containersOf(engine)).length === 0);
  });
});
