import { expect, test } from "vitest";
import { bytes, codeOf, definitionOf, hmacOf, secret, startHook, textOf } from "./hook-rig.testing.ts";
import { createHttpSource, type HttpSourceOptions } from "./http-source.ts";

const json = { "content-type": "application/json" };
const ce = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };

test("hook: without rules, a request becomes an event of the default type with a random id", async () => {
  const { send, sink } = startHook();
  const answer = await send({ headers: json, body: '{"a":1}' });
  expect(answer).toEqual({ status: 202, headers: { "rouse-event": "default/default/1" }, body: { kind: "none" } });
  const { attributes, data } = sink.stored[0]!.event;
  expect(attributes).toEqual({
    specversion: "1.0",
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    source: "/apis/v1/namespaces/default/httpsources/hook",
    type: "dev.rouse.http.event",
    time: "2026-01-31T12:00:00.000Z",
    datacontenttype: "application/json",
  });
  expect(textOf(data)).toBe('{"a":1}');
  await send({ headers: json, body: '{"a":1}' });
  expect(sink.stored.length).toBe(2);
});

test("hook: type, subject, id and source come from headers and JSON as the rules say", async () => {
  const event = {
    typeFrom: { header: "X-Event", prefix: "com.example.", map: { order_paid: "order.paid" } },
    subjectFrom: { jsonPointer: "/order/items/0/a~1b" },
    idFrom: { jsonPointer: "/delivery" },
    source: "https://shop.example.com",
  };
  const { send, sink } = startHook({ event });
  const body = JSON.stringify({ delivery: 17, order: { items: [{ "a/b": "lamp" }] } });
  await send({ headers: { ...json, "x-event": "order_paid" }, body });
  expect(sink.stored[0]).toMatchObject({
    messageId: "uid-1/17",
    event: {
      attributes: { id: "17", type: "com.example.order.paid", subject: "lamp", source: "https://shop.example.com" },
    },
  });
  await send({ headers: { ...json, "x-event": "other" }, body: '{"delivery":18}' });
  expect(sink.stored[1]?.event.attributes).toMatchObject({ type: "com.example.other" });
  expect(sink.stored[1]?.event.attributes.subject).toBeUndefined();
});

test("hook: what a rule does not find, or cannot use, leaves the default", async () => {
  const event = { type: "com.example.any", typeFrom: { jsonPointer: "/type" }, idFrom: { header: "X-Id" } };
  const { send, sink } = startHook({ event });
  for (const type of ["", "a\u0000b", "\ud800", { deep: 1 }, null, "x".repeat(2_000)]) {
    await send({ headers: json, body: JSON.stringify({ type }) });
  }
  await send({ headers: json, body: '{"__proto__":{"type":"x"}}' });
  expect(new Set(sink.stored.map((each) => each.event.attributes.type))).toEqual(new Set(["com.example.any"]));
  expect(sink.stored.length).toBe(7);
});

test("hook: a body that is no JSON is refused only where a rule needs it", async () => {
  const ruled = startHook({ event: { subjectFrom: { jsonPointer: "/a" } } });
  const answer = await ruled.send({ headers: json, body: "{" });
  expect([answer.status, codeOf(answer), ruled.sink.appends]).toEqual([400, "SOURCE_HOOK_BODY_INVALID", 0]);
  const utf8 = await ruled.send({ headers: json, body: new Uint8Array([0x22, 0xff, 0x22]) });
  expect(utf8.status).toBe(400);
  expect((await startHook().send({ headers: json, body: "{" })).status).toBe(202);
});

test("hook: bytes and content type are stored as they came, and what is no media type is left out", async () => {
  const { send, sink } = startHook();
  const body = new Uint8Array([0, 255, 10, 13]);
  await send({ headers: { "content-type": "application/x-thing; a=b" }, body });
  await send({ headers: { "content-type": "no media type" } });
  expect(sink.stored[0]?.event).toMatchObject({
    data: body,
    attributes: { datacontenttype: "application/x-thing; a=b" },
  });
  expect(sink.stored[1]?.event.data).toBeUndefined();
  expect(sink.stored[1]?.event.attributes.datacontenttype).toBeUndefined();
});

test("hook: an id from outside that is long or strange goes into the message id as its digest", async () => {
  const { send, sink } = startHook({ event: { idFrom: { jsonPointer: "/id" } } });
  for (const id of ["é ü", "x".repeat(500), "a b"]) await send({ body: JSON.stringify({ id }) });
  for (const { messageId } of sink.stored) expect(messageId).toMatch(/^uid-1\/sha256\/[\w-]{43}$/);
});

test("hook: ceOverrides set extensions, and no attribute of the specification", async () => {
  const { send, sink } = startHook({ ceOverrides: { extensions: { team: "lamps", type: "x" } } });
  await send({ headers: { ...ce, "ce-team": "chairs" } });
  expect(sink.stored[0]?.event.attributes).toMatchObject({ team: "lamps", type: "t" });
});

test("hook: a delivery with an id is stored once within ten minutes, and again after that", async () => {
  const { send, sink, clock } = startHook();
  const headers = { "idempotency-key": "k-1" };
  expect((await send({ headers })).headers["rouse-duplicate"]).toBeUndefined();
  await clock.advance(9 * 60_000);
  expect((await send({ headers })).headers).toEqual({ "rouse-event": "default/default/1", "rouse-duplicate": "true" });
  await clock.advance(2 * 60_000);
  expect((await send({ headers })).headers).toEqual({ "rouse-event": "default/default/2" });
  expect(sink.stored.length).toBe(2);
});

test("hook: CloudEvents pass through, binary, structured and in batches, under their own identity", async () => {
  const { send, sink } = startHook();
  await send({ headers: { ...json, ...ce }, body: '{"a":1}' });
  const structured = { specversion: "1.0", id: "2", source: "/s", type: "u", data: 1 };
  const body = JSON.stringify(structured);
  await send({ headers: { "content-type": "application/cloudevents+json" }, body });
  const batch = await send({
    headers: { "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify([structured, { ...structured, id: "3" }]),
  });
  expect(batch.headers).toEqual({ "rouse-event": "default/default/2, default/default/3" });
  expect(sink.stored.map(({ event }) => `${event.attributes.type} ${event.attributes.id}`)).toEqual([
    "t 1",
    "u 2",
    "u 3",
  ]);
});

test("hook: a broken CloudEvent is refused without a word of what was in it", async () => {
  const { send, sink } = startHook();
  const answer = await send({ headers: { "ce-specversion": "1.0", "ce-id": "hush-hush" } });
  expect([answer.status, codeOf(answer), sink.appends]).toEqual([400, "SOURCE_HOOK_BODY_INVALID", 0]);
  expect(JSON.stringify(answer)).not.toContain("hush");
  expect((await send({ headers: { "content-type": "application/cloudevents+avro" } })).status).toBe(400);
});

test("hook: the webhook handshake of CloudEvents is agreed to where deliveries of any kind are taken", async () => {
  const headers = { "webhook-request-origin": "sender.example.com", "webhook-request-rate": "120" };
  expect(await startHook().send({ method: "OPTIONS", headers })).toEqual({
    status: 200,
    headers: { allow: "POST, OPTIONS", "webhook-allowed-origin": "*", "webhook-allowed-rate": "*" },
    body: { kind: "none" },
  });
  const github = await startHook({ preset: "github" }).send({ method: "OPTIONS", headers });
  expect(github.headers).toEqual({ allow: "POST, OPTIONS" });
});

test.each([
  ["GET", "hub.challenge", "hub.mode=subscribe&hub.challenge=1158201444"],
  ["POST", "validationToken", "validationToken=1158201444"],
])(
  "hook: a declared challenge by %s (%s) is sent back as plain text, and nothing is stored",
  async (method, name, query) => {
    const { send, sink } = startHook({ preset: "github", challenge: { query: name } });
    expect(await send({ method, query })).toEqual({
      status: 200,
      headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
      body: { kind: "text", text: "1158201444" },
    });
    expect((await send({ method, query: query + "1".repeat(2_000) })).status).toBe(400);
    expect(sink.appends).toBe(0);
  },
);

test("hook: a challenge that has to show the secret is answered only when it does", async () => {
  const challenge = { query: "hub.challenge", tokenQuery: "hub.verify_token" };
  const { send } = startHook({ preset: "none", secrets: [bytes(secret)], challenge });
  const ask = (query: string) => send({ method: "GET", query: `hub.challenge=1&${query}` });
  expect((await ask(`hub.verify_token=${secret}`)).status).toBe(200);
  for (const query of ["", "hub.verify_token=", "hub.verify_token=other"]) {
    const answer = await ask(query);
    expect([answer.status, codeOf(answer)]).toEqual([403, "SOURCE_HOOK_CHALLENGE_REFUSED"]);
    expect(JSON.stringify(answer)).not.toContain(secret);
  }
});

test("hook: a challenge that the source does not declare is none", async () => {
  expect((await startHook().send({ method: "GET", query: "hub.challenge=1" })).status).toBe(405);
});

test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])("hook: %s is answered 405", async (method) => {
  const answer = await startHook().send({ method });
  expect([answer.status, codeOf(answer), answer.headers.allow]).toEqual([405, "SOURCE_HOOK_METHOD", "POST, OPTIONS"]);
});

test("hook: a body above maxBytes is refused before its signature is looked at", async () => {
  const { send } = startHook({ preset: "github", maxBytes: 10 });
  expect((await send({ body: "x".repeat(11) })).status).toBe(413);
  expect((await send({ body: "x".repeat(10) })).status).toBe(401);
});

test("hook: what the sink refuses for good is answered 413", async () => {
  const { send, sink, source } = startHook();
  sink.instead = () => ({ kind: "refused", reason: "expected an event of at most 5 bytes, got 6" });
  const answer = await send({ body: "x" });
  expect([answer.status, codeOf(answer)]).toEqual([413, "SOURCE_HOOK_EVENT_REFUSED"]);
  expect(source.status()).toMatchObject({
    refused: 1,
    trouble: { message: expect.stringContaining("at most 5 bytes") },
  });
});

test.each<[string, HttpSourceOptions["sink"]["append"], string]>([
  ["says so", async () => ({ kind: "unavailable", reason: "broker gone", retryAfterMs: 2_400 }), "3"],
  ["rejects", () => Promise.reject(new Error("broker gone")), "1"],
  [
    "throws",
    () => {
      throw new Error("broker gone");
    },
    "1",
  ],
])(
  "hook: a sink that is away and %s is answered 503 with Retry-After, and the reason stays inside",
  async (_, append, after) => {
    const { send, sink, source } = startHook();
    sink.append = append;
    const answer = await send({ body: "x" });
    expect([answer.status, codeOf(answer), answer.headers["retry-after"]]).toEqual([
      503,
      "SOURCE_HOOK_UNAVAILABLE",
      after,
    ]);
    expect(JSON.stringify(answer)).not.toContain("broker gone");
    expect(source.status()).toMatchObject({
      unavailable: 1,
      trouble: { message: expect.stringContaining("broker gone") },
    });
  },
);

test("hook: a sink that does not answer is given up after ten seconds, and what it stored then is known", async () => {
  const { send, sink, clock, source } = startHook();
  let release: () => void = () => undefined;
  const blocked = new Promise<void>((resolve) => {
    release = resolve;
  });
  const store = sink.append.bind(sink);
  sink.append = async (event, messageId) => {
    await blocked;
    return store(event, messageId);
  };
  const first = send({ headers: { "idempotency-key": "k-1" } });
  await clock.advance(9_999);
  await clock.advance(1);
  expect((await first).status).toBe(503);
  release();
  await clock.advance(0);
  expect((await send({ headers: { "idempotency-key": "k-1" } })).headers["rouse-duplicate"]).toBe("true");
  expect([sink.stored.length, clock.timers]).toEqual([1, 0]);
  expect(source.status().trouble).toBeUndefined();
});

test("hook: an aborted request does not wait for the sink", async () => {
  const { send, sink, abort, clock } = startHook();
  sink.append = () => new Promise(() => undefined);
  const answer = send({});
  await clock.advance(0);
  abort.abort();
  expect((await answer).status).toBe(503);
});

test("hook: takes nothing before its start and after its end, and ends when what is in hand is answered", async () => {
  const { send, sink, source, clock } = startHook();
  const store = sink.append.bind(sink);
  let release: () => void = () => undefined;
  sink.append = async (event, messageId) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return store(event, messageId);
  };
  const answer = send({});
  await clock.advance(0);
  let ended = false;
  const end = source[Symbol.asyncDispose]().then(() => {
    ended = true;
  });
  expect((await send({})).status).toBe(503);
  expect([ended, source.status().phase]).toEqual([false, "closed"]);
  release();
  expect((await answer).status).toBe(202);
  await end;
  expect([ended, clock.timers]).toEqual([true, 0]);
});

test("hook: a source that was not started answers 503", async () => {
  const { clock, sink } = startHook();
  const source = createHttpSource({ definition: definitionOf(), sink, clock, random: () => 0 });
  const request = { method: "POST", path: "/", query: new URLSearchParams(), headers: {}, body: new Uint8Array() };
  expect((await source.receive(request, new AbortController().signal)).status).toBe(503);
  expect([source.verifies, source.status().phase]).toEqual([false, "idle"]);
});

test("hook: answers have no line break in a header, whatever was sent", async () => {
  const event = { idFrom: { jsonPointer: "/id" }, typeFrom: { jsonPointer: "/type" } };
  const { send } = startHook({ event, challenge: { query: "hub.challenge" } });
  const evil = "a\r\nSet-Cookie: x=1";
  const answers = [
    await send({ body: JSON.stringify({ id: evil, type: evil }) }),
    await send({ method: "GET", query: `hub.challenge=${encodeURIComponent(evil)}` }),
    await send({ method: `BAD\r\n${evil}` }),
    await send({ method: "OPTIONS", headers: { "webhook-request-origin": evil } }),
  ];
  for (const { headers } of answers) expect(JSON.stringify(headers)).not.toMatch(/\\r|\\n|Cookie/);
});

test("hook: a success clears the trouble, and every change is told", async () => {
  const { source, clock, sink } = startHook();
  expect(source.status().trouble).toBeUndefined();
  let told = 0;
  const definition = definitionOf({ preset: "github" });
  const github = createHttpSource({ definition, sink, clock, random: () => 0, changed: () => void told++ });
  github.start();
  const post = (headers: Record<string, string>) => {
    const request = { method: "POST", path: "/", query: new URLSearchParams(), headers, body: bytes("{}") };
    return github.receive(request, new AbortController().signal);
  };
  await post({});
  expect(github.status().trouble?.message).toContain("expected a header X-Hub-Signature-256");
  await post({ "x-hub-signature-256": `sha256=${hmacOf("{}").toString("hex")}` });
  expect([github.status().trouble, told]).toEqual([undefined, 2]);
});
