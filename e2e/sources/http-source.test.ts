import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, broker } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { placesThatSay } from "../harness/leaks.ts";
import { connectRaw, type NatsServer, natsServers, startNats } from "../harness/nats.ts";
import { rawRequest } from "../harness/raw-http.ts";
import { killTiming } from "../harness/server-config.ts";
import { type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { followSource, fromSecret, httpSource, secret } from "../harness/source-manifests.ts";
import { attributesOf, type Subscriber, startSubscriber } from "../harness/subscriber.ts";

const [binary] = (await natsServers()).slice(-1);
const log = "ROUSE_LOG_default_default";
const keys = { first: "first-Key/0123456789", second: "second-Key/0123456789" };

describe.skipIf(binary === undefined && process.env.CI !== "true")("HttpSource", () => {
  let nats: NatsServer;
  let server: ServerProcess;
  let subscriber: Subscriber;
  let api: Api;

  beforeAll(async () => {
    nats = await startNats(binary!);
    server = await startServerProcess({ nats, brokerTiming: killTiming });
    subscriber = await startSubscriber();
    api = new Api(server);
    await api.apply(
      broker(),
      secret("hooks", keys),
      httpSource("shop", shop({ secret: fromSecret("hooks", "first") })),
    );
    await api.apply(followSource("shop", "https://shop.example.com", subscriber));
    await api.awaitReady("HttpSource", "shop");
  });
  afterAll(async () => {
    for (const one of [server, subscriber, nats]) await one?.[Symbol.asyncDispose]();
  });

  const shop = (spec: object) => ({
    preset: "hmac",
    signature: { header: "X-Signature", prefix: "sha256=", timestampHeader: "X-Time", tolerance: "PT1M" },
    event: { source: "https://shop.example.com", type: "order", idFrom: { header: "X-Delivery" } },
    maxBytes: 1_000_000,
    challenge: { query: "hub.challenge" },
    ...spec,
  });
  const deliver = (id: string, options: { key?: string; ageS?: number; body?: string; signature?: string } = {}) => {
    const { key = keys.first, ageS = 0, body = `{"id":"${id}"}`, signature } = options;
    const at = String(Math.floor(Date.now() / 1_000) - ageS);
    const signed = signature ?? `sha256=${createHmac("sha256", key).update(`${at}.${body}`).digest("hex")}`;
    const headers = { "content-type": "application/json", "x-signature": signed, "x-time": at, "x-delivery": id };
    return fetch(`${server.dataPlane}/-/hooks/default/shop`, { method: "POST", headers, body });
  };
  const stored = async (id: string) => {
    await using raw = await connectRaw(nats);
    return (await raw.messages(log)).filter(({ headers }) => headers["ce-id"] === id).length;
  };

  test("a signed delivery is one event, however often it is sent", async () => {
    const first = await deliver("d-1");
    expect([first.status, first.headers.get("rouse-duplicate")]).toEqual([202, null]);
    const again = await deliver("d-1");
    expect([again.status, again.headers.get("rouse-duplicate")]).toEqual([202, "true"]);
    await awaitCondition("it arrives", () => subscriber.received("/shop").length === 1);
    const { "ce-time": time, ...attributes } = attributesOf(subscriber.received("/shop")[0]!);
    expect(time).toBeDefined();
    expect(attributes).toEqual({
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "d-1",
      "ce-source": "https://shop.example.com",
      "ce-type": "order",
    });
    expect(String(subscriber.received("/shop")[0]!.body)).toBe('{"id":"d-1"}');
    expect(await stored("d-1")).toBe(1);
  });

  test("a wrong signature, an old time and a body of 10 MB are refused, and nothing is stored", async () => {
    const refused = [
      [await deliver("r-1", { key: "another" }), 401],
      [await deliver("r-2", { signature: "" }), 401],
      [await deliver("r-3", { ageS: 600 }), 401],
      [await deliver("r-4", { ageS: -600 }), 401],
    ] as const;
    for (const [answer, code] of refused) {
      expect(answer.status).toBe(code);
      expect(await answer.json()).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) });
    }
    // Of the body nothing is sent: the answer comes before it is read, and then the connection is closed.
    const head = ["POST /-/hooks/default/shop HTTP/1.1", "host: rouse", "content-length: 10000000", "", ""];
    const large = await rawRequest(server.dataPlane, head.join("\r\n"));
    expect(large.status).toBe(413);
    expect(large.text).toMatch(/"code":"[A-Z_]+"/);
    const { length } = await (async () => {
      await using raw = await connectRaw(nats);
      return (await raw.messages(log)).filter(({ headers }) => headers["ce-id"]?.startsWith("r-"));
    })();
    expect(length).toBe(0);
  });

  test("a challenge is answered", async () => {
    const url = `${server.dataPlane}/-/hooks/default/shop?hub.challenge=c-17`;
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([200, "c-17"]);
  });

  test("a secret is exchanged through the API: first both count, then the new one alone", async () => {
    await api.apply(
      httpSource("shop", shop({ secret: fromSecret("hooks", "second"), previousSecret: fromSecret("hooks", "first") })),
    );
    await awaitCondition("the new one counts", async () => (await deliver("x-1", { key: keys.second })).status === 202);
    expect((await deliver("x-2")).status).toBe(202);
    await api.apply(httpSource("shop", shop({ secret: fromSecret("hooks", "second") })));
    await awaitCondition("the old one does not count", async () => (await deliver("x-3")).status === 401);
    expect((await deliver("x-4", { key: keys.second })).status).toBe(202);
    await api.apply(secret("hooks", { ...keys, second: keys.first }));
    await awaitCondition("the Secret's change counts", async () => (await deliver("x-5")).status === 202);
    await api.apply(secret("hooks", keys), httpSource("shop", shop({ secret: fromSecret("hooks", "first") })));
    await awaitCondition("as it was", async () => (await deliver("x-6")).status === 202);
  });

  test("killed between storing and answering: what the sender repeats is stored once", async () => {
    await server.kill();
    await server.restart({ fault: "event-stored" });
    const answer = await deliver("k-1").catch(() => undefined);
    expect(answer).toBeUndefined();
    await server.ended;
    expect(await stored("k-1")).toBe(1);
    await server.restart();
    await awaitCondition("it takes the repeat", async () => (await deliver("k-1")).status === 202);
    expect(await stored("k-1")).toBe(1);
    await awaitCondition("it arrives", () => subscriber.acceptedCounts("/shop").has("https://shop.example.com k-1"));
  });

  test("no secret is said or kept anywhere", async () => {
    expect(await placesThatSay(Object.values(keys), server, nats)).toEqual([]);
  });
});
