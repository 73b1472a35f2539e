import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Json } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { containersOf, withEngine } from "../harness/containers.ts";
import { awaitInstances, type ServingRig, startServingRig } from "../harness/serving-rig.ts";
import { containerService, processService, type WorkerOptions } from "../harness/worker.ts";

/** What a worker says of itself. */
interface Said {
  readonly status: number;
  readonly revision: string;
  readonly instance: string;
  readonly timing: string;
  readonly url: string;
}

const open = { "rouse.dev/visibility": "public" };
const shortIdle = { "rouse.dev/idle-timeout": "PT1.5S" };

await withEngine("direct calls", (binary) => {
  let rig: ServingRig;

  beforeAll(async () => {
    rig = await startServingRig(binary);
  });
  afterAll(async () => rig?.[Symbol.asyncDispose]());

  const urlOf = (name: string, path = "/") => `${rig.server.dataPlane}/-/services/default/${name}${path}`;
  async function call(name: string, path = "/"): Promise<Said> {
    const answer = await fetch(urlOf(name, path));
    const said = (await answer.json()) as Omit<Said, "status" | "timing">;
    return { ...said, status: answer.status, timing: answer.headers.get("server-timing") ?? "" };
  }

  test("a private container is not for everybody; public it is started by a call, and says what that took", async () => {
    const { api, image, server } = rig;
    await api.apply(containerService("hello", image, { annotations: shortIdle }));
    await api.awaitReady("Service", "hello");
    const refused = await fetch(urlOf("hello"), { headers: { "x-forwarded-for": "192.0.2.1" } });
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringMatching(/private|visibility/)]);
    expect(await containersOf(rig.engine, "hello")).toEqual([]);

    await api.apply(containerService("hello", image, { annotations: shortIdle, own: open }));
    await awaitCondition("an answer", async () => (await fetch(urlOf("hello"))).status === 200, { withinMs: 20_000 });
    await rig.awaitZero("hello");
    const first = await call("hello", "/some/path?q=1");
    expect(first).toMatchObject({ status: 200, url: "/some/path?q=1", timing: expect.stringMatching(/^cold;dur=\d/) });
    expect(await call("hello")).toMatchObject({
      instance: first.instance,
      timing: expect.stringMatching(/^warm;dur=/),
    });
    const byHost = await fetchWithHost(`${server.dataPlane}/here`, "hello.default.svc.rouse.internal");
    expect(JSON.parse(byHost)).toMatchObject({ service: "hello", url: "/here", instance: first.instance });
  });

  test("what is sent and answered passes through as it comes, and so does a WebSocket, while the container starts", async () => {
    const { api, image } = rig;
    await api.apply(containerService("streams", image, { annotations: shortIdle, own: open }));
    await api.awaitReady("Service", "streams");
    const asking = request(urlOf("streams", "/stream"), { method: "POST" });
    asking.flushHeaders();
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    response.setEncoding("utf8");
    let got = "";
    response.on("data", (text: string) => {
      got += text;
    });
    for (const part of ["one", "two"]) {
      asking.write(`${part}\n`);
      await awaitCondition(`${part} to come back`, () => got.includes(part), { evidence: () => got });
    }
    asking.end();
    await once(response, "end");
    expect(got).toBe("begun\none\ntwo\nended\n");

    await rig.awaitZero("streams");
    const [answer, socket] = await upgrade(urlOf("streams", "/socket"));
    expect(answer).toMatchObject({ statusCode: 101, headers: { upgrade: "websocket" } });
    let echoed = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      echoed += text;
    });
    socket.write("over and over");
    await awaitCondition("an echo", () => echoed === "over and over", { evidence: () => echoed });
    await awaitInstances(api, "streams", "the connection in flight", ({ inFlight }) => inFlight === 1);
    socket.end();
    await awaitInstances(api, "streams", "nothing in flight", ({ inFlight }) => inFlight === 0);
  });

  test("a call of one that cannot start is told why, and when to come again", async () => {
    const { api, image } = rig;
    const container = { command: ["/bin/node", "-e", "process.exit(3)"] };
    await api.apply(containerService("broken", image, { container, own: open }));
    await api.awaitReady("Service", "broken");
    const answer = await fetch(urlOf("broken"));
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await answer.text()).toContain("ExitedBeforeReady");
    expect(answer.headers.get("server-timing")).toMatch(/^held;dur=/);
  });

  test("revisions: calls stay with the old one until the new is ready; by percent, by tag, and back", async () => {
    const { api, server } = rig;
    const env = { GREETING: "one" };
    const annotations = { "rouse.dev/idle-timeout": "PT30S" };
    const manifest = (options: WorkerOptions = {}) =>
      processService("site", server, { own: open, annotations, env, ...options });
    const status = async () => ((await api.get("Service", "site"))?.status ?? {}) as Record<string, string> & Json;
    const ready = async (revision: string) => (await status()).latestReadyRevisionName === revision;
    await api.apply(await manifest());
    await awaitCondition("the first revision", async () => (await call("site")).revision === "site-00001");

    // A new one that takes its time: nobody waits for it, and nothing is refused.
    await api.apply(await manifest({ env: { LISTEN_AFTER: "1500" } }));
    const answered: Said[] = [];
    await awaitCondition(
      "the second revision to take over",
      async () => {
        answered.push(await call("site"));
        return answered.at(-1)?.revision === "site-00002";
      },
      { withinMs: 20_000, evidence: status },
    );
    expect(answered.every(({ status: code, timing }) => code === 200 && !timing.startsWith("cold"))).toBe(true);
    expect(answered.filter(({ revision }) => revision === "site-00001").length).toBeGreaterThan(5);
    expect(await ready("site-00002")).toBe(true);
    const instances = async () => (await api.instances("site"))?.count;
    await awaitInstances(
      api,
      "site",
      "the old revision's instance gone",
      ({ count }) => count.ready + count.stopping === 1,
    );

    // A broken one takes nothing from it, and is told.
    const broken = { "rouse.dev/command": `${process.execPath} no-such-file.cjs`, ...annotations };
    await api.apply(await manifest({ annotations: broken }));
    const failed = await awaitFailed();
    expect(failed?.message).toMatch(/Cannot find module|exited with code 1/);
    expect(await api.condition("Service", "site", "RoutesReady")).toMatchObject({ status: "True" });
    expect(await call("site")).toMatchObject({ status: 200, revision: "site-00002" });
    expect(await status()).toMatchObject({
      latestCreatedRevisionName: "site-00003",
      latestReadyRevisionName: "site-00002",
    });

    // Half and half, with a tag.
    const traffic = [
      { revisionName: "site-00001", percent: 50, tag: "old" },
      { revisionName: "site-00002", percent: 50 },
    ];
    await api.apply(await manifest({ env: { LISTEN_AFTER: "0" }, spec: { traffic } }));
    const seen = new Map<string, number>();
    const split = async () => {
      const { revision } = await call("site");
      seen.set(revision, (seen.get(revision) ?? 0) + 1);
      return [...seen.values()].every((count) => count >= 10) && seen.size === 2;
    };
    await awaitCondition("both revisions", split, { withinMs: 20_000, everyMs: 1, evidence: () => [...seen] });
    expect(await call("old-site")).toMatchObject({ status: 200, revision: "site-00001" });

    // All the way back.
    const back = [{ revisionName: "site-00001", percent: 100 }];
    await api.apply(await manifest({ env: { LISTEN_AFTER: "0" }, spec: { traffic: back } }));
    await awaitCondition("the tag gone", async () => (await fetch(urlOf("old-site"))).status === 404);
    const after = await Promise.all(Array.from({ length: 20 }, () => call("site")));
    expect(new Set(after.map(({ revision }) => revision))).toEqual(new Set(["site-00001"]));
    await awaitInstances(
      api,
      "site",
      "the other's instance gone",
      ({ count }) => count.ready === 1 && count.stopping === 0,
    );
    expect(await instances()).toMatchObject({ ready: 1 });

    async function awaitFailed() {
      const told = async () => (await api.condition("Service", "site", "ConfigurationsReady"))?.status === "False";
      await awaitCondition("the broken revision to be told", told, {
        withinMs: 20_000,
        evidence: () => api.get("Service", "site"),
      });
      return api.condition("Service", "site", "ConfigurationsReady");
    }
  });
});

async function fetchWithHost(url: string, host: string): Promise<string> {
  const asking = request(url, { headers: { host } });
  asking.end();
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

async function upgrade(url: string): Promise<[IncomingMessage, Duplex]> {
  const key = Buffer.alloc(16, 7).toString("base64");
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": key,
  };
  const asking = request(url, { headers });
  asking.end();
  const [answer, socket] = (await once(asking, "upgrade")) as [IncomingMessage, Duplex];
  return [answer, socket];
}
