import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { sampleEvent } from "../filter/event.testing.ts";
import { samplePolicy } from "../subscription.testing.ts";
import type { Acquired, Target, Targets } from "../target.ts";
import { dispatcherWith } from "./dispatcher.testing.ts";
import { startSubscriber } from "./subscriber.testing.ts";

test("dispatcher: posts in binary mode with the promised headers, without hops", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(204).end());
  const { deliver, targets } = dispatcherWith();
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const event = sampleEvent(
    { datacontenttype: "application/json", traceparent: parent, knativebrokerttl: 254, count: 5 },
    Buffer.from("{}"),
  );
  const verdict = await deliver(subscriber.url, { namespace: "shop" }, { event });
  expect(verdict).toMatchObject({ kind: "done", note: { status: 204, destination: subscriber.url, waitedMs: 0 } });
  const [request] = subscriber.seen;
  expect(request).toMatchObject({ method: "POST", url: "/path?q=1", body: Buffer.from("{}") });
  expect(request?.headers).toMatchObject({
    prefer: "reply",
    "kn-namespace": "shop",
    traceparent: parent,
    "ce-type": "order.created",
    "ce-count": "5",
    "content-type": "application/json",
  });
  expect(request?.headers).not.toHaveProperty("ce-knativebrokerttl");
  expect(targets.free(`url:${subscriber.url}`)).toBe(64);
});

test("dispatcher: format json sends one document, without hops", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(200).end());
  const { deliver } = dispatcherWith();
  const event = sampleEvent({ knativebrokerttl: 254 });
  await deliver(subscriber.url, { policy: { ...samplePolicy, format: "json" } }, { event });
  const [request] = subscriber.seen;
  expect(request?.headers["content-type"]).toContain("application/cloudevents+json");
  expect(JSON.parse(String(request?.body))).toEqual({
    specversion: "1.0",
    id: "1",
    source: "/shop",
    type: "order.created",
  });
});

test("dispatcher: credentials in the URL are sent, and shown to nobody", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(400).end());
  const { deliver } = dispatcherWith();
  const verdict = await deliver(subscriber.url.replace("//", "//me:p%20w@"));
  expect(subscriber.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from("me:p w").toString("base64")}`);
  expect(verdict).toMatchObject({ kind: "dead", failure: { destination: subscriber.url } });
});

test("failure: carries the beginning of the response body", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(500).end("e".repeat(5000)));
  const { deliver } = dispatcherWith();
  const verdict = await deliver(subscriber.url);
  expect(verdict).toMatchObject({ kind: "again", failure: { status: 500, destination: subscriber.url } });
  expect(verdict.kind === "again" && Buffer.from(verdict.failure.body ?? []).toString()).toBe("e".repeat(1024));
});

test("target: a URL that nobody listens on fails the attempt; what is no URL does too", async () => {
  const { deliver } = dispatcherWith();
  expect(await deliver("http://127.0.0.1:1/")).toMatchObject({ kind: "again", failure: { reason: "transport" } });
  expect(await deliver("ftp://example.test/")).toMatchObject({ kind: "again", failure: { reason: "transport" } });
});

test("target: an unresolved one is held with its reason", async () => {
  const clock = new ManualClock();
  const { deliver } = dispatcherWith({ clock });
  const subscriber: Target = { kind: "unresolved", reason: "service default/hello does not exist" };
  expect(await deliver("", { subscriber })).toEqual({
    kind: "hold",
    reason: "service default/hello does not exist",
    notBefore: clock.now() + 5000,
  });
});

function serviceAt(url: string, released: string[], timeoutMs?: number): Targets {
  return {
    acquire: async (): Promise<Acquired> => ({
      kind: "lease",
      lease: { url, instance: "cold", waitedMs: 34, timeoutMs, release: () => released.push(url) },
    }),
  };
}

test("service: the note says how it was found and how long it took; the lease is given back once", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(200).end());
  const released: string[] = [];
  const { deliver } = dispatcherWith({ targets: serviceAt(subscriber.url, released) });
  expect(await deliver("")).toMatchObject({ kind: "done", note: { instance: "cold", waitedMs: 34 } });
  expect(released).toEqual([subscriber.url]);
});

test("service: an instance that is gone holds, again and again, and opens no breaker", async () => {
  const released: string[] = [];
  const { deliver } = dispatcherWith({ targets: serviceAt("http://127.0.0.1:1/", released) });
  for (let attempt = 0; attempt < 7; attempt += 1) {
    const verdict = await deliver("", { breaker: { holdMaxMs: 1000 } });
    expect(verdict).toMatchObject({ kind: "hold", reason: expect.stringContaining("gone") });
  }
  expect(released).toHaveLength(7);
});

test("service: its own limit ends an attempt when it is shorter", async () => {
  const clock = new ManualClock();
  await using subscriber = await startSubscriber(() => {});
  const { deliver } = dispatcherWith({ clock, targets: serviceAt(subscriber.url, [], 300) });
  const verdict = deliver("");
  await subscriber.next();
  await clock.advance(300);
  expect(await verdict).toMatchObject({ kind: "again", failure: { reason: "timeout" } });
});

test("breaker: five failures of any events open it; the sixth event is held without being sent", async () => {
  let status = 503;
  const clock = new ManualClock();
  await using subscriber = await startSubscriber((response) => response.writeHead(status).end());
  const { deliver } = dispatcherWith({ clock });
  const breaker = { holdMaxMs: 3_600_000 };
  for (let sequence = 1; sequence <= 5; sequence += 1) {
    expect((await deliver(subscriber.url, { breaker, uid: `t${sequence}` }, { sequence })).kind).toBe("again");
  }
  expect(await deliver(subscriber.url, { breaker })).toMatchObject({ kind: "hold", notBefore: clock.now() + 200 });
  expect(subscriber.seen).toHaveLength(5);
  await clock.advance(200);
  expect((await deliver(subscriber.url, { breaker }, { attempt: 4 })).kind).toBe("hold");
  expect(subscriber.seen).toHaveLength(6);
  await clock.advance(400);
  status = 200;
  expect((await deliver(subscriber.url, { breaker })).kind).toBe("done");
});

test("breaker: a probe that finds no instance leaves the probe to the next", async () => {
  const clock = new ManualClock();
  await using subscriber = await startSubscriber((response) => response.writeHead(503).end());
  let held = false;
  const ready = serviceAt(subscriber.url, []);
  const targets: Targets = {
    acquire: async (target, signal) =>
      held ? { kind: "held", reason: "starting", retryAfterMs: 10 } : ready.acquire(target, signal),
  };
  const { deliver } = dispatcherWith({ clock, targets });
  const breaker = { holdMaxMs: 3_600_000 };
  for (let attempt = 0; attempt < 5; attempt += 1) await deliver("", { breaker });
  await clock.advance(200);
  held = true;
  for (let probe = 0; probe < 2; probe += 1) {
    expect(await deliver("", { breaker })).toMatchObject({ kind: "hold", reason: "starting" });
  }
});

test("breaker off: every failure counts", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(503).end());
  const { deliver } = dispatcherWith();
  for (let attempt = 1; attempt <= 7; attempt += 1) {
    expect((await deliver(subscriber.url, { breaker: undefined })).kind).toBe("again");
  }
});

test("dead letter: the sink gets the event with Knative's and our extensions", async () => {
  await using sink = await startSubscriber((response) => response.writeHead(202).end());
  const { deliver } = dispatcherWith();
  const failure = {
    reason: "retries-exhausted",
    message: "answered 500",
    destination: "http://example.test/f",
    status: 500,
    body: Buffer.alloc(1024, "e"),
    attempts: 4,
  };
  const deadLetterSink: Target = { kind: "url", url: sink.url };
  await deliver("http://127.0.0.1:1/", { deadLetterSink }, { stage: "dead-letter", failure });
  const headers = sink.seen[0]?.headers;
  expect(headers).toMatchObject({
    "ce-type": "order.created",
    "ce-knativeerrordest": "http://example.test/f",
    "ce-knativeerrorcode": "500",
    "ce-rousetrigger": "default/sample",
    "ce-rousereason": "retries-exhausted",
    "ce-rouseattempts": "4",
  });
  expect(headers?.["ce-knativeerrordata"]).toBe(Buffer.alloc(1024, "e").toString("base64").slice(0, 1024));
});

test("dead letter: without a sink it is dead at once; a sink that fails is tried again by the same policy", async () => {
  await using sink = await startSubscriber((response) => response.writeHead(500).end());
  const { deliver } = dispatcherWith();
  const deadLetterSink: Target = { kind: "url", url: sink.url };
  expect(await deliver("", {}, { stage: "dead-letter" })).toMatchObject({ failure: { reason: "no-dead-letter-sink" } });
  expect((await deliver("", { deadLetterSink }, { stage: "dead-letter", attempt: 3 })).kind).toBe("again");
  expect((await deliver("", { deadLetterSink }, { stage: "dead-letter", attempt: 4 })).kind).toBe("dead");
});

test("abort: an attempt under way settles with hold, and so does one that begins later", async () => {
  const clock = new ManualClock();
  await using subscriber = await startSubscriber(() => {});
  const { deliver, targets } = dispatcherWith({ clock });
  const controller = new AbortController();
  const verdict = deliver(subscriber.url, {}, {}, controller.signal);
  await subscriber.next();
  controller.abort(new Error("down"));
  expect(await verdict).toMatchObject({ kind: "hold", reason: "this process is going down" });
  expect(await deliver(subscriber.url, {}, {}, controller.signal)).toMatchObject({ kind: "hold" });
  expect(targets.free(`url:${subscriber.url}`)).toBe(64);
});

test("abort: one that waits for an instance settles with hold", async () => {
  const targets: Targets = {
    acquire: (_target, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
  const { deliver } = dispatcherWith({ targets });
  const controller = new AbortController();
  const verdict = deliver("", { breaker: { holdMaxMs: 1000 } }, {}, controller.signal);
  controller.abort();
  expect(await verdict).toMatchObject({ kind: "hold", reason: "this process is going down" });
});

test("abort: one whose connection is not there yet settles with hold, and is never sent", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(200).end());
  const { deliver } = dispatcherWith();
  const controller = new AbortController();
  const verdict = deliver(subscriber.url, {}, {}, controller.signal);
  await Promise.resolve();
  controller.abort();
  expect(await verdict).toMatchObject({ kind: "hold", reason: "this process is going down" });
  expect((await deliver(subscriber.url)).kind).toBe("done");
  expect(subscriber.seen).toHaveLength(1);
});

test("dispatcher: disposing settles what is under way with hold, and what comes later too", async () => {
  await using subscriber = await startSubscriber(() => {});
  const { deliver, dispatcher } = dispatcherWith();
  const verdict = deliver(subscriber.url);
  await subscriber.next();
  await dispatcher[Symbol.asyncDispose]();
  expect(await verdict).toMatchObject({ kind: "hold" });
  expect(await deliver(subscriber.url)).toMatchObject({ kind: "hold" });
});

test("dispatcher: more attempts than connections wait for one, and all are made", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(200).end());
  const { deliver } = dispatcherWith();
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => deliver(subscriber.url, { maxInFlight: 2 })));
  expect(verdicts.every(({ kind }) => kind === "done")).toBe(true);
});

test("dispatcher: reuses connections, closes pools that nobody uses, and leaves no timer behind", async () => {
  const clock = new ManualClock();
  await using subscriber = await startSubscriber((response) => response.writeHead(200).end("ok"));
  const { deliver, dispatcher } = dispatcherWith({ clock });
  for (let sequence = 1; sequence <= 3; sequence += 1) await deliver(subscriber.url, {}, { sequence });
  expect(clock.timers).toBe(1);
  await clock.advance(120_000);
  expect(clock.timers).toBe(0);
  await deliver(subscriber.url);
  await dispatcher[Symbol.asyncDispose]();
  expect(clock.timers).toBe(0);
});

test("dispatcher: headers of the subscription are sent to the subscriber, before what the URL says, and not to the dead-letter sink", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(204).end());
  await using sink = await startSubscriber((response) => response.writeHead(204).end());
  const { deliver } = dispatcherWith();
  const fields = {
    headers: { authorization: "Bearer t0ken", "x-api-key": "abc" },
    deadLetterSink: { kind: "url", url: sink.url },
  } as const;
  await deliver(subscriber.url.replace("//", "//me:pw@"), fields);
  expect(subscriber.seen[0]?.headers).toMatchObject({ authorization: "Bearer t0ken", "x-api-key": "abc" });
  await deliver(subscriber.url, fields, { stage: "dead-letter", failure: { reason: "refused", message: "no" } });
  expect(sink.seen[0]?.headers).not.toHaveProperty("authorization");
  expect(sink.seen[0]?.headers).not.toHaveProperty("x-api-key");
});
