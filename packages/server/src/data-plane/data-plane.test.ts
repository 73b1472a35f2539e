import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { ManualClock } from "@rouse/base";
import type { CloudEvent } from "@rouse/events";
import { createHttpSource, type HookRequest, type HttpSourceDefinition, type Sink } from "@rouse/sources";
import { expect, test } from "vitest";
import { createDataPlane, type DataPlaneParts } from "./data-plane.ts";
import type { Inlet, Lookups } from "./lookups.ts";

const stranger = "203.0.113.7";
const token = "t0ken-of-tests";
const bearer = { authorization: `Bearer ${token}` };
const ce = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };
const secret = "s3cret-of-tests";
const sign = (body: string | Buffer) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

async function dataPlane(
  parts: Partial<DataPlaneParts> = {},
  config: DataPlaneParts["config"] | undefined = undefined,
) {
  const app = await createDataPlane({
    config: config ?? { dataPlane: { host: "127.0.0.1", port: 0 } },
    brokers: { find: () => undefined },
    configuration: { loaded: true },
    engine: { kind: "memory", maxMessageBytes: 1024 * 1024 },
    ...parts,
  });
  return Object.assign(app, { [Symbol.asyncDispose]: () => app.close() });
}

const withToken = { dataPlane: { host: "0.0.0.0", port: 0 }, dataPlaneToken: token };

/** A started HttpSource on a sink that keeps events; more than 100 bytes of data are refused. */
function hookOf(changes: Partial<HttpSourceDefinition> = {}) {
  const events: CloudEvent[] = [];
  const sink: Sink = {
    async append(event) {
      if ((event.data?.length ?? 0) > 100) return { kind: "refused", reason: "expected at most 100 bytes" };
      return { kind: "stored", duplicate: false, handle: `default/default/${events.push(event)}` };
    },
    bury: () => Promise.reject(new Error("nothing is buried here")),
    idsSince: async () => new Set(),
  };
  const definition: HttpSourceDefinition = {
    uid: "uid-1",
    namespace: "default",
    name: "hook",
    preset: "hmac",
    secrets: [Buffer.from(secret)],
    signature: { header: "X-Signature", algorithm: "sha256", encoding: "hex", prefix: "sha256=", signed: "{body}" },
    toleranceMs: 300_000,
    event: {},
    maxBytes: 1024 * 1024,
    ceOverrides: undefined,
    ...changes,
  };
  const source = createHttpSource({ definition, sink, clock: new ManualClock(), random: () => 0.5 });
  source.start();
  return { events, source };
}

function named<T>(wanted: string, found: T) {
  return { find: (...path: string[]) => (path.join("/") === wanted ? found : undefined) };
}

async function problemIn(response: { headers: Record<string, unknown>; payload: string; statusCode: number }) {
  expect(response.headers["content-type"]).toBe("application/problem+json");
  const problem = JSON.parse(response.payload) as Record<string, unknown>;
  expect(problem).toMatchObject({ type: "about:blank", status: response.statusCode, title: expect.any(String) });
  return problem;
}

test("data plane: a signed webhook is stored and answered with the event's handle", async () => {
  const { events, source } = hookOf();
  await using app = await dataPlane({ hooks: named("default/hook", source) });
  const payload = Buffer.from([0, 255, 13, 10]);
  for (const url of ["/-/hooks/default/hook", "/-/hooks/default/hook/?a=b"]) {
    const headers = { "x-signature": sign(payload), "content-type": "application/x-anything" };
    const response = await app.inject({ method: "POST", url, headers, payload });
    expect(response.statusCode).toBe(202);
    expect(response.headers).toMatchObject({
      "rouse-event": expect.stringMatching(/^default\/default\/\d$/),
      "rouse-storage": "memory",
    });
  }
  expect(Buffer.from(events[0]?.data ?? [])).toEqual(payload);
});

test("data plane: what a hook refuses is a problem document without secrets", async () => {
  const { source } = hookOf();
  await using app = await dataPlane({ hooks: named("default/hook", source) });
  const post = (headers: Record<string, string>, payload = "x") =>
    app.inject({ method: "POST", url: "/-/hooks/default/hook", headers, payload });
  expect(await problemIn(await post({}))).toMatchObject({ status: 401, code: "SOURCE_HOOK_SIGNATURE_MISSING" });
  const wrong = await post({ "x-signature": "sha256=0badc0de" });
  expect(await problemIn(wrong)).toMatchObject({ status: 401, code: "SOURCE_HOOK_SIGNATURE_WRONG" });
  expect(wrong.payload).not.toMatch(/0badc0de|s3cret/);
  const large = "x".repeat(101);
  expect(await problemIn(await post({ "x-signature": sign(large) }, large))).toMatchObject({ status: 413 });
  const got = await app.inject({ method: "GET", url: "/-/hooks/default/hook" });
  expect([(await problemIn(got)).status, got.headers.allow]).toEqual([405, "POST, OPTIONS"]);
});

test("data plane: an unknown hook is 404, or 503 while the configuration loads", async () => {
  const configuration = { loaded: true };
  await using app = await dataPlane({ configuration });
  for (const name of ["nobody", "Not_A_Name", "a%20b"]) {
    const response = await app.inject({ method: "POST", url: `/-/hooks/default/${name}`, payload: "x" });
    expect(await problemIn(response)).toMatchObject({ status: 404, code: "SOURCE_HOOK_UNKNOWN" });
  }
  configuration.loaded = false;
  const response = await app.inject({ method: "POST", url: "/-/hooks/default/nobody", payload: "x" });
  expect([(await problemIn(response)).status, response.headers["retry-after"]]).toEqual([503, "1"]);
});

test("data plane: a source that is declared and does not run is unavailable, not unknown", async () => {
  const hooks = { find: () => undefined, declared: (_: string, name: string) => name === "broken" };
  await using app = await dataPlane({ hooks }, withToken);
  const url = "/-/hooks/default/broken";
  const response = await app.inject({ method: "POST", url, payload: "x", remoteAddress: stranger });
  expect(await problemIn(response)).toMatchObject({ status: 503, code: "SOURCE_HOOK_UNAVAILABLE" });
  expect(response.headers["retry-after"]).toBe("10");
  const other = await app.inject({ method: "POST", url: "/-/hooks/default/other", payload: "x" });
  expect(other.statusCode).toBe(404);
});

test("data plane: a body of 10 MB is refused before it is sent", async () => {
  const { source } = hookOf();
  await using app = await dataPlane({ hooks: named("default/hook", source) });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const socket = connect((app.server.address() as { port: number }).port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
    if (answer.includes("BODY_TOO_LARGE")) socket.destroy();
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(`POST /-/hooks/default/hook HTTP/1.1\r\nhost: a\r\ncontent-length: ${10 * 1024 * 1024}\r\n\r\n`);
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
});

test("data plane: a body that only turns out to be too large on its way is refused too", async () => {
  const { source, events } = hookOf();
  await using app = await dataPlane({ hooks: named("default/hook", source) });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const socket = connect((app.server.address() as { port: number }).port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
    if (answer.includes("BODY_TOO_LARGE")) socket.destroy();
  });
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write("POST /-/hooks/default/hook HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
  for (let n = 0; n < 20; n++) socket.write(chunk);
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(events).toEqual([]);
});

test("data plane: a request whose headers are no HTTP never gets to a hook", async () => {
  const asked: HookRequest[] = [];
  const hook = {
    verifies: true,
    receive: async (request: HookRequest) => {
      asked.push(request);
      return { status: 202, headers: {}, body: { kind: "none" } } as const;
    },
  };
  await using app = await dataPlane({ hooks: named("default/hook", hook) });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const answers = await Promise.all(
    ["x-bad header: 1", "x-bad\u0000: 1", "content-length: 1\r\ncontent-length: 2"].map(async (header) => {
      const socket = connect((app.server.address() as { port: number }).port, "127.0.0.1");
      const answer = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
      socket.end(`POST /-/hooks/default/hook HTTP/1.1\r\nhost: a\r\n${header}\r\n\r\n`);
      return answer;
    }),
  );
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(asked).toEqual([]);
});

test("data plane: from another machine, a hook that checks signatures needs no token; one that does not needs it", async () => {
  const signed = hookOf();
  const open = hookOf({ preset: "none", secrets: [], signature: undefined });
  const hooks = {
    find: (_: string, name: string) => ({ signed: signed.source, open: open.source })[name],
  };
  await using app = await dataPlane({ hooks }, withToken);
  const post = (name: string, headers: Record<string, string>, remoteAddress = stranger) =>
    app.inject({ method: "POST", url: `/-/hooks/default/${name}`, headers, payload: "x", remoteAddress });
  expect((await post("signed", { "x-signature": sign("x") })).statusCode).toBe(202);
  expect(await problemIn(await post("signed", {}))).toMatchObject({ code: "SOURCE_HOOK_SIGNATURE_MISSING" });
  expect(await problemIn(await post("open", {}))).toMatchObject({ status: 401, code: "TOKEN_MISSING" });
  expect((await post("open", bearer)).statusCode).toBe(202);
  expect((await post("open", {}, "127.0.0.1")).statusCode).toBe(202);
  // Who has no token is not told which hooks there are.
  expect((await post("nobody", {})).statusCode).toBe(401);
  expect((await post("nobody", bearer)).statusCode).toBe(404);
});

test("data plane: nothing but hooks is exempt from the token", async () => {
  const { source } = hookOf();
  const outlets = named("kafkasinks/default/hook", { send: async () => ({ kind: "stored" }) as const });
  await using app = await dataPlane({ hooks: named("default/hook", source), outlets }, withToken);
  const paths = [
    "/-/kafkasinks/default/hook",
    "/-/sources/default/containersources/hook",
    "/default/hook",
    "/-/hooks/default/hook/more",
    "/-/hooks/default/../../default/hook",
    "/-/hooks",
  ];
  for (const url of paths) {
    const response = await app.inject({ method: "POST", url, headers: ce, remoteAddress: stranger });
    expect([url, response.statusCode]).toEqual([url, 401]);
  }
  expect((await app.inject({ method: "GET", url: "/-/healthz", remoteAddress: stranger })).statusCode).toBe(200);
});

test("data plane: while the configuration loads, a sender without token is told to come again", async () => {
  await using app = await dataPlane({ configuration: { loaded: false } }, withToken);
  const url = "/-/hooks/default/hook";
  const response = await app.inject({ method: "POST", url, payload: "x", remoteAddress: stranger });
  expect(response.statusCode).toBe(503);
});

test("data plane: a hook that starts while a request without token is looked at does not get it", async () => {
  const { events, source } = hookOf({ preset: "none", secrets: [], signature: undefined });
  let asked = 0;
  const hooks = { find: () => (asked++ === 0 ? undefined : source), declared: () => true };
  await using app = await dataPlane({ hooks }, withToken);
  const url = "/-/hooks/default/hook";
  const response = await app.inject({ method: "POST", url, payload: "x", remoteAddress: stranger });
  expect([response.statusCode, events.length]).toEqual([503, 0]);
});

test.each(["kafkasinks", "rabbitmqsinks"])("data plane: a %s takes events in every mode, in order", async (plural) => {
  const sent: CloudEvent[] = [];
  const outlets: Lookups["outlets"] = named(`${plural}/default/out`, {
    send: async (event: CloudEvent) => {
      sent.push(event);
      return { kind: "stored" } as const;
    },
  });
  await using app = await dataPlane({ outlets });
  const url = `/-/${plural}/default/out`;
  const binary = { ...ce, "content-type": "text/plain" };
  expect((await app.inject({ method: "POST", url, headers: binary, payload: "hello" })).statusCode).toBe(202);
  const structured = { specversion: "1.0", id: "2", source: "/s", type: "t", data: 1 };
  for (const [type, body] of [
    ["application/cloudevents+json", structured],
    ["application/cloudevents-batch+json", [structured, { ...structured, id: "3" }]],
  ] as const) {
    const headers = { "content-type": type };
    const response = await app.inject({ method: "POST", url: `${url}/`, headers, payload: JSON.stringify(body) });
    expect([response.statusCode, response.payload]).toEqual([202, ""]);
  }
  expect(sent.map((event) => event.attributes.id)).toEqual(["1", "2", "2", "3"]);
  expect(Buffer.from(sent[0]?.data ?? []).toString()).toBe("hello");
});

test("data plane: what a sink cannot take is 413, what it cannot take now 503 with Retry-After", async () => {
  let answer: Awaited<ReturnType<Inlet["append"]>> | Error;
  const send = async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  };
  await using app = await dataPlane({ outlets: named("kafkasinks/default/out", { send }) });
  const post = () => app.inject({ method: "POST", url: "/-/kafkasinks/default/out", headers: ce });
  answer = { kind: "refused", reason: "larger than the topic takes" };
  expect(await problemIn(await post())).toMatchObject({
    status: 413,
    code: "SERVER_SINK_REFUSED",
    detail: "larger than the topic takes",
  });
  answer = { kind: "unavailable", reason: "no connection", retryAfterMs: 2_500 };
  const response = await post();
  expect(await problemIn(response)).toMatchObject({ status: 503, code: "SERVER_SINK_UNAVAILABLE" });
  expect(response.headers["retry-after"]).toBe("3");
  answer = new Error("it broke");
  expect((await post()).statusCode).toBe(503);
});

test("data plane: a batch that is taken in part says how many are", async () => {
  let left = 1;
  const send = async () =>
    left-- > 0
      ? ({ kind: "stored" } as const)
      : ({ kind: "unavailable", reason: "away", retryAfterMs: 1_000 } as const);
  await using app = await dataPlane({ outlets: named("kafkasinks/default/out", { send }) });
  const event = { specversion: "1.0", id: "2", source: "/s", type: "t" };
  const response = await app.inject({
    method: "POST",
    url: "/-/kafkasinks/default/out",
    headers: { "content-type": "application/cloudevents-batch+json" },
    payload: JSON.stringify([event, event, event]),
  });
  expect(await problemIn(response)).toMatchObject({ status: 503, stored: 1 });
});

test("data plane: what is no event is answered as by a broker's ingress", async () => {
  await using app = await dataPlane({
    outlets: named("kafkasinks/default/out", { send: async () => ({ kind: "stored" }) as const }),
  });
  const post = (headers: Record<string, string>, payload = "x") =>
    app.inject({ method: "POST", url: "/-/kafkasinks/default/out", headers, payload });
  expect(await problemIn(await post({ "content-type": "text/plain" }))).toMatchObject({ status: 415 });
  expect(await problemIn(await post({ "ce-id": "1" }))).toMatchObject({ status: 400, code: "EVENT_ATTRIBUTE_MISSING" });
  expect(
    await problemIn(await post({ ...ce, "ce-big": "x".repeat(15_000), "ce-more": "x".repeat(2_000) })),
  ).toMatchObject({
    status: 413,
  });
  const large = await post(ce, "x".repeat(1024 * 1024 + 1));
  expect(await problemIn(large)).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
  const got = await app.inject({ method: "GET", url: "/-/kafkasinks/default/out" });
  expect((await problemIn(got)).status).toBe(405);
  const unknown = await app.inject({ method: "POST", url: "/-/kafkasinks/default/nobody", headers: ce });
  expect(await problemIn(unknown)).toMatchObject({ status: 404, code: "SERVER_SINK_UNKNOWN" });
});

test("data plane: an inlet stores what the child of a source sends", async () => {
  const taken: CloudEvent[] = [];
  const inlet: Inlet = {
    append: async (event) => {
      taken.push(event);
      return { kind: "stored", duplicate: taken.length > 1, handle: "default/_internal/1" };
    },
  };
  await using app = await dataPlane({ inlets: named("containersources/default/child", inlet) });
  const post = () => app.inject({ method: "POST", url: "/-/sources/default/containersources/child", headers: ce });
  const first = await post();
  expect([first.statusCode, first.headers["rouse-event"]]).toEqual([202, "default/_internal/1"]);
  expect(first.headers["rouse-duplicate"]).toBeUndefined();
  expect((await post()).headers["rouse-duplicate"]).toBe("true");
  const other = await app.inject({ method: "POST", url: "/-/sources/default/sinkbindings/child", headers: ce });
  expect(other.statusCode).toBe(404);
});
