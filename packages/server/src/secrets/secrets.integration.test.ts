import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { type NatsServer, startNatsServer } from "@rouse/broker";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { defaultConfig, type ServerConfig } from "../config.ts";
import { natsBinary, natsExpected } from "../store/nats-process.testing.ts";
import { startServer } from "../wire.ts";

const any = { host: "127.0.0.1", port: 0 };
const password = "S3cr3t/pa55word";
const uri = `amqp://rouse:${encodeURIComponent(password)}@127.0.0.1:1/shop`;
const apiKey = "api-key-0123456789";

/** Every form in which a value might be found, base64 at each of the three alignments. */
function formsOf(value: string): string[] {
  const shifted = [0, 1, 2].map((by) =>
    Buffer.from("x".repeat(by) + value)
      .toString("base64")
      .slice(by + 4, -4),
  );
  return [
    value,
    encodeURIComponent(value),
    ...shifted,
    ...shifted.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ];
}

const values = [password, uri, apiKey].flatMap(formsOf);

function expectClean(texts: Readonly<Record<string, string>>) {
  for (const [where, text] of Object.entries(texts)) {
    for (const value of values) expect(text.includes(value), `${value} in ${where}`).toBe(false);
  }
}

/** Prints what it was given, as careless programs do, and ends. */
const child = `
import { createHash } from "node:crypto";
const { MQ_URI, API_KEY, ...rest } = process.env;
console.log("names " + Object.keys(process.env).sort().join(","));
console.log("key " + createHash("sha256").update(API_KEY).digest("hex").slice(0, 12));
console.log("connecting to " + MQ_URI + " with " + API_KEY);
console.error("ACCESS_REFUSED for " + new URL(MQ_URI).password);
process.exit(1);
`;

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "rouse-secrets-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** A subscriber that refuses every event and tells in its answer what it was sent. */
async function teller() {
  const seen: IncomingHttpHeaders[] = [];
  const http = createServer((request, response) => {
    seen.push(request.headers);
    response.writeHead(400).end(`no: ${request.headers.authorization} ${request.headers["x-api-key"]} ${uri}`);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  return { url, seen, [Symbol.asyncDispose]: async () => void http.close() };
}

async function rouse(config: Partial<ServerConfig>, path: string) {
  let log = "";
  const write = (text: string) => {
    log += text;
  };
  const parts = { logTo: { write } };
  const all = {
    ...defaultConfig,
    dataDir: path,
    workdirBase: path,
    dataPlane: any,
    admin: any,
    logLevel: "debug",
  } as const;
  const server = await startServer({ ...all, ...config }, parts);
  const tail: string[] = [];
  server.onTail((line) => tail.push(JSON.stringify(line)));
  const call = async (method: string, path: string, body?: object, type = "application/json") => {
    const init = { method, headers: { "content-type": type }, ...(body ? { body: JSON.stringify(body) } : {}) };
    const response = await fetch(server.info.admin + path, init);
    return { code: response.status, text: await response.text() };
  };
  const apply = async (apiVersion: string, plural: string, object: object) => {
    const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
    const answer = await call("POST", `${root}/namespaces/default/${plural}`, { apiVersion, ...object });
    expect(answer.code, answer.text).toBe(201);
  };
  const condition = async (apiPath: string, type: string) => {
    const { status } = JSON.parse((await call("GET", apiPath)).text);
    return status?.conditions?.find((each: { type: string }) => each.type === type);
  };
  return {
    server,
    tail,
    call,
    apply,
    condition,
    log: () => log,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

type Rouse = Awaited<ReturnType<typeof rouse>>;

async function send(server: Rouse, id: string, path = "/default/default", code = 202): Promise<string> {
  const headers = { "ce-specversion": "1.0", "ce-id": id, "ce-source": "/test", "ce-type": "com.example.a" };
  const posted = await fetch(server.server.info.dataPlane + path, { method: "POST", headers });
  expect(posted.status).toBe(code);
  return posted.text();
}

const serving = "serving.knative.dev/v1";
const eventing = "eventing.knative.dev/v1";
const services = `/apis/${serving}/namespaces/default/services`;
const triggers = `/apis/${eventing}/namespaces/default/triggers`;
const rabbitmqSources = "/apis/sources.knative.dev/v1alpha1/namespaces/default/rabbitmqsources";
const secrets = "/api/v1/namespaces/default/secrets";

/** A broker, a Secret, a function that prints what it knows, and a subscriber that is sent headers. */
async function applyAll(server: Rouse, subscriber: string) {
  await server.apply("v1", "secrets", {
    kind: "Secret",
    metadata: { name: "mq" },
    stringData: { uri, unused: "not-for-you-1" },
  });
  await server.apply("v1", "secrets", {
    kind: "Secret",
    metadata: { name: "headers" },
    stringData: { "x-api-key": apiKey, "bearer-token": password },
  });
  await server.apply(eventing, "brokers", { kind: "Broker", metadata: { name: "default" } });
  const env = [
    { name: "MQ_URI", valueFrom: { secretKeyRef: { name: "mq", key: "uri" } } },
    { name: "API_KEY", valueFrom: { secretKeyRef: { name: "headers", key: "x-api-key" } } },
    { name: "MAYBE", valueFrom: { secretKeyRef: { name: "mq", key: "absent", optional: true } } },
  ];
  await server.apply(serving, "services", {
    kind: "Service",
    metadata: { name: "careless", annotations: { "rouse.dev/command": `${process.execPath} child.mjs` } },
    spec: { template: { spec: { containers: [{ image: "careless", env }] } } },
  });
  const delivery = { retry: 0 };
  const ref = { apiVersion: serving, kind: "Service", name: "careless" };
  await server.apply(eventing, "triggers", {
    kind: "Trigger",
    metadata: { name: "function" },
    spec: { broker: "default", delivery, subscriber: { ref } },
  });
  await server.apply(eventing, "triggers", {
    kind: "Trigger",
    metadata: { name: "teller", annotations: { "rouse.dev/headers-from": "headers" } },
    spec: { broker: "default", delivery, subscriber: { uri: subscriber } },
  });
}

describe.skipIf(!natsExpected)("secrets on a real nats-server", () => {
  let nats: NatsServer;
  let data: Awaited<ReturnType<typeof folder>>;

  beforeAll(async () => {
    data = await folder();
    nats = await startNatsServer({ binary: natsBinary!, storeDir: join(data.path, "nats") });
    await writeFile(join(data.path, "child.mjs"), child);
    await writeFile(join(data.path, "key"), Buffer.alloc(32, 5), { mode: 0o600 });
    await writeFile(join(data.path, "other"), Buffer.alloc(32, 6), { mode: 0o600 });
  });
  afterAll(async () => {
    await nats[Symbol.asyncDispose]();
    await data[Symbol.asyncDispose]();
  });

  const config = (installation: string, key?: string): Partial<ServerConfig> => ({
    installation,
    storage: { kind: "nats", access: { servers: [nats.url], user: nats.user, password: nats.password } },
    ...(key === undefined ? {} : { secretKeyFile: join(data.path, key) }),
  });

  /** Every message of every stream, headers and all. */
  async function dump(): Promise<string> {
    const connection = await connect({ servers: nats.url, user: nats.user, pass: nats.password });
    const manager = await jetstreamManager(connection);
    const texts: string[] = [];
    for await (const { config, state } of manager.streams.list()) {
      for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
        const message = await manager.streams.getMessage(config.name, { seq }).catch(() => undefined);
        if (message)
          texts.push(
            message.subject,
            JSON.stringify([...(message.header ?? [])]),
            new TextDecoder("latin1").decode(message.data),
          );
      }
    }
    await connection.close();
    return texts.join("\n");
  }

  test("secrets: no value is in KV, streams, log, API answers, timeline, output or dead records", async () => {
    await using subscriber = await teller();
    await using server = await rouse(config("clean", "key"), data.path);
    await applyAll(server, subscriber.url);
    const rabbitmqClusterReference = { connectionSecret: { name: "mq" } };
    const sink = { ref: { apiVersion: eventing, kind: "Broker", name: "default" } };
    const rabbitmqResourcesConfig = { exchangeName: "orders", queueName: "orders" };
    await server.apply("sources.knative.dev/v1alpha1", "rabbitmqsources", {
      kind: "RabbitmqSource",
      metadata: { name: "orders" },
      spec: { rabbitmqClusterReference, rabbitmqResourcesConfig, sink },
    });
    await server.apply("rouse.dev/v1alpha1", "rabbitmqsinks", {
      kind: "RabbitmqSink",
      metadata: { name: "orders" },
      spec: { rabbitmqClusterReference, exchangeName: "orders" },
    });
    await send(server, "1");
    const refused = await send(server, "2", "/-/rabbitmqsinks/default/orders", 503);
    await vi.waitFor(
      async () => {
        expect((await server.call("GET", "/-/dead/default/default")).text).toContain("refused");
        expect(await server.condition(`${services}/careless`, "Ready")).toMatchObject({ reason: "ExitedBeforeReady" });
        expect(await server.condition(`${rabbitmqSources}/orders`, "Ready")).toMatchObject({ status: "False" });
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(subscriber.seen[0]).toMatchObject({ authorization: `Bearer ${password}`, "x-api-key": apiKey });
    const paths = [
      secrets,
      triggers,
      services,
      rabbitmqSources,
      "/apis/rouse.dev/v1alpha1/rabbitmqsinks",
      "/-/tail",
      "/-/logs/default/careless",
      "/-/services/default/careless",
      "/-/dead/default/default",
      "/metrics",
    ];
    const answers: Record<string, string> = {};
    for (const path of paths) answers[path] = (await server.call("GET", path)).text;
    expect(answers["/-/logs/default/careless"]).toContain("connecting to [redacted] with [redacted]");
    expect(answers["/-/logs/default/careless"]).toMatch(/names (?!.*MAYBE).*API_KEY.*MQ_URI/);
    const streams = await dump();
    expect(streams).toContain("sealed:v1:");
    expect(streams).not.toContain("not-for-you-1");
    expectClean({ ...answers, refused, log: server.log(), tail: server.tail.join("\n"), streams });
  });

  test("secrets: without a key one with values is refused, one whose values are outside is taken", async () => {
    await using server = await rouse(config("keyless"), data.path);
    const document = { apiVersion: "v1", kind: "Secret", metadata: { name: "mq" } };
    const refused = await server.call("POST", secrets, { ...document, stringData: { uri } });
    expect([refused.code, refused.text.includes("--secret-key-file")]).toEqual([403, true]);
    expectClean({ refused: refused.text, log: server.log(), streams: await dump() });
    const metadata = { name: "mq", annotations: { "rouse.dev/from-file": `uri=${join(data.path, "key")}` } };
    expect((await server.call("POST", secrets, { ...document, metadata })).code).toBe(201);
  });

  test("secrets: another key is told in the condition of who needs the value, and the right one mends it", async () => {
    await using subscriber = await teller();
    {
      await using server = await rouse(config("moved", "key"), data.path);
      await applyAll(server, subscriber.url);
    }
    {
      await using server = await rouse(config("moved", "other"), data.path);
      const wrong = async () => {
        expect(await server.condition(`${services}/careless`, "Ready")).toMatchObject({
          status: "False",
          reason: "SecretKeyWrong",
          message: expect.stringContaining("--secret-key-file"),
        });
        expect(await server.condition(`${triggers}/teller`, "SubscriberResolved")).toMatchObject({
          reason: "SecretKeyWrong",
        });
      };
      await vi.waitFor(wrong, { timeout: 10_000 });
      const patch = { stringData: { "x-api-key": apiKey, "bearer-token": password } };
      const type = "application/merge-patch+json";
      expect((await server.call("PATCH", `${secrets}/headers`, patch, type)).code).toBe(200);
      const mended = async () =>
        expect(await server.condition(`${triggers}/teller`, "SubscriberResolved")).toMatchObject({ status: "True" });
      await vi.waitFor(mended, { timeout: 10_000 });
    }
  });
});

test("secrets: a function and a subscriber wait for a Secret that is missing, and get the values of now", async () => {
  await using data = await folder();
  await using subscriber = await teller();
  await writeFile(join(data.path, "child.mjs"), child);
  await using server = await rouse({}, data.path);
  await applyAll(server, subscriber.url);
  expect((await server.call("DELETE", `${secrets}/headers`)).code).toBe(200);
  await vi.waitFor(
    async () => {
      expect(await server.condition(`${services}/careless`, "Ready")).toMatchObject({
        status: "False",
        reason: "SecretNotFound",
        message: "secret default/headers does not exist; apply it, or mend the reference to it",
      });
      expect(await server.condition(`${triggers}/teller`, "SubscriberResolved")).toMatchObject({
        status: "False",
        reason: "SecretNotFound",
      });
    },
    { timeout: 10_000 },
  );
  await send(server, "1");
  await vi.waitFor(() => expect(server.tail.join("\n")).toContain("secret default/headers does not exist"), 5_000);
  expect(subscriber.seen).toEqual([]);
  expect(server.tail.join("\n")).not.toContain("connecting to");
  await server.apply("v1", "secrets", {
    kind: "Secret",
    metadata: { name: "headers" },
    stringData: { "x-api-key": "another-key-9876", "bearer-token": password },
  });
  await vi.waitFor(() => expect(subscriber.seen[0]?.["x-api-key"]).toBe("another-key-9876"), { timeout: 20_000 });
  const printed = (key: string) => `key ${createHash("sha256").update(key).digest("hex").slice(0, 12)}`;
  await vi.waitFor(() => expect(server.tail.join("\n")).toContain(printed("another-key-9876")), { timeout: 20_000 });
  const patch = { stringData: { "x-api-key": "changed-key-5432" } };
  const type = "application/merge-patch+json";
  expect((await server.call("PATCH", `${secrets}/headers`, patch, type)).code).toBe(200);
  await send(server, "2");
  await vi.waitFor(() => expect(subscriber.seen.at(-1)?.["x-api-key"]).toBe("changed-key-5432"), { timeout: 20_000 });
  await vi.waitFor(() => expect(server.tail.join("\n")).toContain(printed("changed-key-5432")), { timeout: 20_000 });
  expectClean({ tail: server.tail.join("\n") });
});

test("secrets: a source whose sink is no broker sends the headers that it asks for, and is held without them", async () => {
  await using data = await folder();
  await using subscriber = await teller();
  await using server = await rouse({}, data.path);
  const sources = "sources.knative.dev/v1";
  await server.apply(sources, "pingsources", {
    kind: "PingSource",
    metadata: { name: "clock", annotations: { "rouse.dev/headers-from": "headers" } },
    spec: { schedule: "@yearly", sink: { uri: subscriber.url } },
  });
  const clock = `/apis/${sources}/namespaces/default/pingsources/clock`;
  const held = async () =>
    expect(await server.condition(clock, "SinkProvided")).toMatchObject({
      status: "False",
      message: "secret default/headers does not exist; apply it, or mend the reference to it",
    });
  await vi.waitFor(held, { timeout: 10_000 });
  expect((await server.call("POST", "/-/ping/default/clock/fire", {})).code).toBe(200);
  await server.apply("v1", "secrets", {
    kind: "Secret",
    metadata: { name: "headers" },
    stringData: { "bearer-token": password },
  });
  await vi.waitFor(() => expect(subscriber.seen[0]?.authorization).toBe(`Bearer ${password}`), { timeout: 20_000 });
});

test("secrets: a header that cannot be set is told by its name, and nothing is sent", async () => {
  await using data = await folder();
  await using subscriber = await teller();
  await using server = await rouse({}, data.path);
  await server.apply("v1", "secrets", {
    kind: "Secret",
    metadata: { name: "headers" },
    stringData: { host: password },
  });
  await server.apply(eventing, "brokers", { kind: "Broker", metadata: { name: "default" } });
  await server.apply(eventing, "triggers", {
    kind: "Trigger",
    metadata: { name: "teller", annotations: { "rouse.dev/headers-from": "headers" } },
    spec: { broker: "default", subscriber: { uri: subscriber.url } },
  });
  const refused = async () =>
    expect(await server.condition(`${triggers}/teller`, "SubscriberResolved")).toMatchObject({
      reason: "HeadersInvalid",
      message: expect.stringContaining('secret default/headers: the header "host"'),
    });
  await vi.waitFor(refused, { timeout: 10_000 });
});
