import { request } from "undici";
import { describe, expect, test } from "vitest";
import { Api, broker, trigger } from "./harness/api.ts";
import { awaitCondition } from "./harness/await-condition.ts";
import { type NatsAddress, startNats, withNatsServers } from "./harness/nats.ts";
import { sendUntilAccepted } from "./harness/producer.ts";
import { rawRequest } from "./harness/raw-http.ts";
import { freePort, type ServerProcess, startServerProcess } from "./harness/server-process.ts";
import { type Subscriber, startSubscriber } from "./harness/subscriber.ts";

const good = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };
const structured = { "content-type": "application/cloudevents+json" };
const batch = { "content-type": "application/cloudevents-batch+json" };

interface Bad {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly path?: string;
  readonly method?: "GET" | "PUT";
  readonly status: number;
  /** What the problem's text must speak of. */
  readonly says: RegExp;
}

const event = { specversion: "1.0", id: "1", source: "/s", type: "t" };
const without = (name: string) => JSON.stringify({ ...event, [name]: undefined });

const badRequests: readonly Bad[] = [
  { name: "invalid JSON", headers: structured, body: "{ no json", status: 400, says: /JSON/ },
  { name: "JSON that is no object", headers: structured, body: "[]", status: 400, says: /object/ },
  { name: "an empty structured body", headers: structured, body: "", status: 400, says: /./ },
  { name: "no id", headers: structured, body: without("id"), status: 400, says: /id/ },
  { name: "no source", headers: structured, body: without("source"), status: 400, says: /source/ },
  { name: "no type", headers: structured, body: without("type"), status: 400, says: /type/ },
  { name: "no specversion", headers: structured, body: without("specversion"), status: 400, says: /specversion/ },
  {
    name: "specversion 0.3",
    headers: structured,
    body: JSON.stringify({ ...event, specversion: "0.3" }),
    status: 400,
    says: /specversion|0\.3/,
  },
  {
    name: "a duplicate attribute in JSON",
    headers: structured,
    body: '{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"}',
    status: 400,
    says: /id/,
  },
  {
    name: "capitals in an attribute's name",
    headers: structured,
    body: JSON.stringify({ ...event, myAttribute: "x" }),
    status: 400,
    says: /myAttribute/,
  },
  {
    name: "an underscore in an attribute's name",
    headers: structured,
    body: JSON.stringify({ ...event, my_attribute: "x" }),
    status: 400,
    says: /my_attribute/,
  },
  {
    name: "data and data_base64",
    headers: structured,
    body: JSON.stringify({ ...event, data: 1, data_base64: "AA==" }),
    status: 400,
    says: /data/,
  },
  { name: "a missing header", headers: { ...good, "ce-id": "" }, body: "x", status: 400, says: /id/ },
  {
    name: "no CloudEvent at all",
    headers: { "content-type": "application/json" },
    body: "{}",
    status: 415,
    says: /CloudEvent/,
  },
  {
    name: "a batch with one bad event",
    headers: batch,
    body: JSON.stringify([event, { ...event, id: 3, type: undefined }]),
    status: 400,
    says: /1|type|id/,
  },
  { name: "an unknown broker", headers: good, body: "x", path: "/default/nowhere", status: 404, says: /nowhere/ },
  { name: "an unknown namespace", headers: good, body: "x", path: "/other/default", status: 404, says: /other/ },
  { name: "a path of one segment", headers: good, body: "x", path: "/default", status: 404, says: /./ },
  { name: "encoded traversal", headers: good, body: "x", path: "/default/..%2f..%2fetc", status: 404, says: /./ },
  { name: "a broken escape", headers: good, body: "x", path: "/default/%zz", status: 404, says: /./ },
  { name: "encoded dots", headers: good, body: "x", path: "/%2e%2e/%2e%2e", status: 404, says: /./ },
  { name: "a NATS wildcard", headers: good, body: "x", path: "/default/%3E", status: 404, says: /./ },
  { name: "the internal log", headers: good, body: "x", path: "/default/_internal", status: 404, says: /./ },
  { name: "a name of 10,000 letters", headers: good, path: `/default/${"a".repeat(10_000)}`, status: 404, says: /./ },
  { name: "a GET", headers: {}, method: "GET", status: 405, says: /POST/ },
  {
    name: "attributes of 40 KiB",
    headers: structured,
    body: JSON.stringify({ ...event, big: "x".repeat(40_000) }),
    status: 413,
    says: /16384/,
  },
];

/** Sends it and expects a problem document that says what to change. */
async function expectProblem(server: ServerProcess, bad: Bad): Promise<void> {
  const url = server.dataPlane + (bad.path ?? "/default/default");
  const answer = await request(url, { method: bad.method ?? "POST", headers: bad.headers, body: bad.body ?? null });
  const text = await answer.body.text();
  const seen = `${bad.name}: ${answer.statusCode} ${answer.headers["content-type"]} ${text.slice(0, 300)}`;
  const statuses = bad.status === 404 ? [400, 404, 414] : [bad.status];
  expect(statuses, seen).toContain(answer.statusCode);
  expect(String(answer.headers["content-type"]), seen).toContain("application/problem+json");
  const problem = JSON.parse(text) as { status?: number; title?: string };
  expect(problem.status, seen).toBe(answer.statusCode);
  expect(typeof problem.title, seen).toBe("string");
  expect(text, seen).toMatch(bad.says);
  expect(text, seen).not.toMatch(/node_modules|\.js:\d+|\n\s+at /);
}

/** The process took no harm: what comes next is stored and delivered, and nothing that was refused is. */
async function expectUnharmed(server: ServerProcess, subscriber: Subscriber, ids: readonly string[]): Promise<void> {
  await sendUntilAccepted(server.broker(), { id: "after" });
  const wanted = [...ids, "after"].toSorted();
  await awaitCondition("the event after", () => subscriber.received("/all").some(({ id }) => id === "after"));
  expect(
    subscriber
      .received("/all")
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(wanted);
  expect(server.running).toBe(true);
}

async function badInput(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  await using subscriber = await startSubscriber();
  await new Api(server).apply(broker(), trigger("all", subscriber.url("/all")));
  const failures: string[] = [];
  for (const bad of badRequests) {
    await expectProblem(server, bad).catch((failure: Error) => failures.push(failure.message));
  }
  expect(failures).toEqual([]);
  await expectUnharmed(server, subscriber, []);
}

async function badBytes(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  await using subscriber = await startSubscriber();
  await new Api(server).apply(broker(), trigger("all", subscriber.url("/all")));
  const url = server.broker();
  const head = (length: number, more = "") =>
    `POST /default/default HTTP/1.1\r\nHost: x\r\nce-specversion: 1.0\r\nce-id: raw\r\nce-source: /s\r\nce-type: t\r\n${more}Content-Length: ${length}\r\nConnection: close\r\n\r\n`;

  // A body of 2 MiB: refused, whether it is announced or only comes.
  const large = await request(url, { method: "POST", headers: good, body: Buffer.alloc(2 * 1024 * 1024) });
  expect(large.statusCode).toBe(413);
  expect(String(large.headers["content-type"])).toContain("application/problem+json");
  expect(await large.body.text()).toMatch(/larger/);
  // A body that breaks off stores nothing.
  expect((await rawRequest(url, `${head(1_000)}half of it`, "cut")).status).toBe(0);
  expect((await rawRequest(url, `${head(1_000)}half of it`)).status).not.toBe(202);
  // The same attribute twice, a line break in a value, bytes that are no HTTP.
  expect((await rawRequest(url, head(0, "ce-id: second\r\n"))).status).toBe(400);
  expect((await rawRequest(url, head(0, "ce-extra: a\rb\r\n"))).status).toBe(400);
  expect((await rawRequest(url, head(0, "ce-extra: a\0b\r\n"))).status).toBe(400);
  expect((await rawRequest(url, "\x16\x03\x01 this is no HTTP\r\n\r\n")).status).not.toBe(202);
  const smuggled = `POST /default/default HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
  expect((await rawRequest(url, smuggled)).status).toBe(400);

  // Percent-encoded line breaks in an attribute arrive as what they are, in one header, and nowhere as headers.
  const injected = { ...good, "ce-id": "injected", "ce-subject": "a%0D%0Ax-evil: 1" };
  expect((await request(url, { method: "POST", headers: injected, body: "x" })).statusCode).toBeOneOf([202, 400]);
  await sendUntilAccepted(url, { id: "sentinel" });
  await awaitCondition("the sentinel", () => subscriber.received("/all").some(({ id }) => id === "sentinel"));
  expect(subscriber.received("/all").every(({ headers }) => headers["x-evil"] === undefined)).toBe(true);
  const ids = subscriber.received("/all").map(({ id }) => id);
  expect(ids.filter((id) => id !== "injected")).toEqual(["sentinel"]);
  await expectUnharmed(server, subscriber, ids);
}

describe("memory engine", () => {
  test("bad input is answered with a problem document and stores nothing", () => badInput(undefined));
  test("bad bytes are refused and store nothing", () => badBytes(undefined));
});

await withNatsServers("ingress", (binary) => {
  test("bad input is answered with a problem document and stores nothing", async () => {
    await using nats = await startNats(binary);
    await badInput(nats);
  });

  test("bad bytes are refused and store nothing", async () => {
    await using nats = await startNats(binary);
    await badBytes(nats);
  });
});

test("the admin listener refuses foreign hosts, origins and forms, and changes nothing", async () => {
  await using server = await startServerProcess();
  await new Api(server).apply(broker());
  const { port } = new URL(server.admin);
  const path = "/apis/eventing.knative.dev/v1/namespaces/default/brokers";
  const body = JSON.stringify(broker("evil"));
  const post = (headers: Record<string, string>) => request(server.admin + path, { method: "POST", headers, body });
  const json = { "content-type": "application/json" };
  const refused = [
    await post({ ...json, host: "evil.example" }),
    await post({ ...json, host: `evil.example:${port}` }),
    await post({ ...json, host: "127.0.0.1:1" }),
    await post({ ...json, origin: "http://evil.example" }),
    await post({ ...json, origin: "null" }),
    await post({ "content-type": "text/plain" }),
    await post({ "content-type": "application/x-www-form-urlencoded" }),
  ];
  expect(refused.map((answer) => answer.statusCode)).toEqual([403, 403, 403, 403, 403, 415, 415]);
  for (const { body: answer } of refused) expect(await answer.json()).toMatchObject({ kind: "Status" });
  const operations = ["/-/info", "/-/tail", "/-/dead/default/default", "/metrics"];
  for (const each of operations) {
    const answer = await request(server.admin + each, { headers: { host: "evil.example" } });
    expect([each, answer.statusCode]).toEqual([each, 403]);
    await answer.body.dump();
  }
  expect(await new Api(server).get("Broker", "evil")).toBeUndefined();
  expect(server.running).toBe(true);
});

test("names that are paths are refused by the API", async () => {
  await using server = await startServerProcess();
  const collection = `${server.admin}/apis/eventing.knative.dev/v1/namespaces/default/brokers`;
  const headers = { "content-type": "application/json" };
  for (const name of ["..", "../../etc", "a/b", "a.b", "_internal", "A", "", "a".repeat(64), ">", "*"]) {
    const answer = await request(collection, { method: "POST", headers, body: JSON.stringify(broker(name)) });
    expect([name, answer.statusCode]).toEqual([name, 422]);
    expect(await answer.body.json()).toMatchObject({ kind: "Status", status: "Failure" });
  }
  for (const path of ["/..%2f..%2fetc%2fpasswd", "/%2e%2e", "/default%00"]) {
    const answer = await request(collection + path);
    expect([400, 404]).toContain(answer.statusCode);
    await answer.body.dump();
  }
  expect(server.running).toBe(true);
});

test("a port already taken: the server says which, ends, and leaves nothing behind", async () => {
  await using first = await startServerProcess();
  const taken = Number(new URL(first.dataPlane).port);
  const admin = await freePort();
  const failure = await startServerProcess({ ports: { dataPlane: taken, admin } }).then(
    () => undefined,
    (reason: Error) => reason.message,
  );
  expect(failure).toContain("SERVER_PORT_TAKEN");
  expect(failure).toContain(`127.0.0.1:${taken}`);
  expect(failure).toContain('"code":1');
  expect(first.running).toBe(true);
  await using second = await startServerProcess({ ports: { dataPlane: await freePort(), admin } });
  expect(second.running).toBe(true);
});
