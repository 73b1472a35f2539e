import { describe, expect, test } from "vitest";
import { Api, pingSource, refTo } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { natsServers, startNats } from "../harness/nats.ts";
import { startServerProcess } from "../harness/server-process.ts";
import { awaitInstances } from "../harness/serving-rig.ts";
import { startSubscriber } from "../harness/subscriber.ts";
import { processService } from "../harness/worker.ts";

const [binary] = (await natsServers()).slice(-1);

describe.skipIf(binary === undefined && process.env.CI !== "true")("services that a schedule wakes", () => {
  test("they are ready at the planned time, unless they do not want to be", async () => {
    await using nats = await startNats(binary!);
    await using server = await startServerProcess({ nats });
    await using subscriber = await startSubscriber();
    const api = new Api(server);
    const schedule = (name: string) =>
      pingSource(name, "*/3 * * * * *", refTo("Service", name), { "rouse.dev/missed-ticks": "skip" });
    const annotations = { "rouse.dev/idle-timeout": "PT0.8S" };
    const without = { ...annotations, "rouse.dev/prewarm": "off" };
    await api.apply(
      await processService("warm", server, {
        env: { SINK: subscriber.url("/warm"), LISTEN_AFTER: "300" },
        annotations,
      }),
      await processService("cold", server, {
        env: { SINK: subscriber.url("/cold"), LISTEN_AFTER: "300" },
        annotations: without,
      }),
      schedule("warm"),
      schedule("cold"),
    );
    const enough = () => ["/warm", "/cold"].every((path) => subscriber.received(path).length >= 3);
    await awaitCondition("three ticks at each", enough, {
      withinMs: 30_000,
      everyMs: 100,
      evidence: async () => [await api.instances("warm"), await api.instances("cold")],
    });
    await awaitInstances(api, "warm", "two or more prewarmed starts", ({ starts }) => starts.prewarmed >= 2);
    await awaitInstances(api, "warm", "the later ticks warm", ({ starts }) => starts.warm >= 2 && starts.cold <= 1);
    await awaitInstances(api, "cold", "cold starts", ({ starts }) => starts.cold >= 3 && starts.prewarmed === 0);

    const attempts = (await api.tail()).filter(({ kind }) => kind === "attempt") as unknown as readonly {
      readonly attempt: number;
      readonly verdict: string;
      readonly note?: { readonly service?: string; readonly instance?: string };
    }[];
    expect(attempts.filter(({ attempt, verdict }) => attempt !== 1 || verdict !== "done")).toEqual([]);
    const foundBy = (name: string) =>
      attempts.filter(({ note }) => note?.service === `default/${name}`).map(({ note }) => note?.instance);
    expect(foundBy("warm").slice(1)).not.toContain("cold");
    expect(new Set(foundBy("cold"))).toEqual(new Set(["cold"]));

    // Later than planned by no more than what a busy machine takes, where the others wait for their own start.
    const late = (path: string) => subscriber.received(path).map(({ at }) => at % 3_000);
    expect(Math.min(...late("/warm").slice(1))).toBeLessThan(Math.min(...late("/cold").slice(1)));
  });
});
