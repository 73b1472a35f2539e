import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type FakeAnswer, testContext } from "../context.testing.ts";
import { brokerYaml, serviceYaml, testFolder } from "../folder.testing.ts";
import type { HttpRequest } from "../http.ts";
import { runRouse } from "../rouse.ts";

const trigger = {
  apiVersion: "eventing.knative.dev/v1",
  kind: "Trigger",
  metadata: {
    name: "orders",
    namespace: "default",
    creationTimestamp: "2025-12-31T23:58:00Z",
    resourceVersion: "7",
    generation: 1,
  },
  spec: { broker: "default", subscriber: { uri: "http://127.0.0.1:9/" } },
  status: { conditions: [{ type: "Ready", status: "False", reason: "BrokerNotFound", message: "there is none" }] },
};
const missing: FakeAnswer = { status: 404, json: { message: "not found" } };

test("rouse get: prints the kind's columns", async () => {
  const { context, stdout, requests } = testContext({ answer: () => ({ status: 200, json: { items: [trigger] } }) });
  expect(await runRouse(["get", "triggers", "-A", "-l", "app=shop"], context)).toBe(0);
  expect(stdout()).toBe(
    "NAMESPACE   NAME     BROKER    SUBSCRIBER_URI   AGE   READY   REASON\n" +
      "default     orders   default                    2m    False   BrokerNotFound\n",
  );
  expect(requests[0]!.url).toBe("http://127.0.0.1:8081/apis/eventing.knative.dev/v1/triggers?labelSelector=app%3Dshop");
});

test.each([
  ["get trigger orderz", 'did you mean "orders"?'],
  ["get trigger x -n shop", "rouse get triggers -n shop lists those there are"],
  ["describe trigger orderz", 'did you mean "orders"?'],
  ["delete trigger orderz", 'did you mean "orders"?'],
  ["logs order", 'did you mean "orders"?'],
  ["logs x", "rouse get services lists those there are"],
  ["ping fire order", 'did you mean "orders"?'],
  ["dead list order", 'did you mean "orders"?'],
])("rouse %s: says of an unknown name what there is", async (line, hint) => {
  const isList = (url: URL) => /\/(triggers|services|brokers|pingsources)$/.test(url.pathname);
  const { context, stderr } = testContext({
    answer: (url) => (isList(url) ? { status: 200, json: { items: [trigger] } } : missing),
  });
  expect(await runRouse(line.split(" "), context)).toBe(3);
  expect(stderr()).toBe(`error: not found\nhint:  ${hint}\n`);
});

test.each([
  ["name", "trigger.eventing.knative.dev/orders\n"],
  ["yaml", "apiVersion: eventing.knative.dev/v1\nkind: Trigger\n"],
  ["json", '{\n  "apiVersion": "eventing.knative.dev/v1"'],
])("rouse get -o %s: prints one object", async (format, expected) => {
  const { context, stdout } = testContext({ answer: () => ({ status: 200, json: trigger }) });
  expect(await runRouse(["get", "trigger", "orders", "-o", format], context)).toBe(0);
  expect(stdout().startsWith(expected)).toBe(true);
});

test("rouse get: says on stderr that there is nothing, and succeeds", async () => {
  const { context, stdout, stderr } = testContext({ answer: () => ({ status: 200, json: { items: [] } }) });
  expect(await runRouse(["get", "all"], context)).toBe(0);
  expect([stdout(), stderr()]).toEqual(["", "nothing found in namespace default\n"]);
});

test("rouse describe: shows specification and conditions", async () => {
  const { context, stdout } = testContext({ answer: () => ({ status: 200, json: trigger }) });
  expect(await runRouse(["describe", "trigger", "orders"], context)).toBe(0);
  expect(stdout()).toContain("Spec:\n  broker: default\n");
  expect(stdout()).toMatch(/!! {3}Ready .*BrokerNotFound {3}there is none/);
});

const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { ...trigger.metadata, name: "kafka" },
  type: "Opaque",
  data: { user: "KHJlZGFjdGVkIGJ5IHJvdXNlKQ==", password: "KHJlZGFjdGVkIGJ5IHJvdXNlKQ==" },
  status: { sizes: { user: "5 bytes", password: "21 bytes" } },
};

test("rouse describe secret: shows keys and sizes", async () => {
  const { context, stdout, requests } = testContext({ answer: () => ({ status: 200, json: secret }) });
  expect(await runRouse(["describe", "secret", "kafka"], context)).toBe(0);
  expect(stdout()).toMatch(/^Name: {8}kafka\n/);
  expect(stdout()).toContain("\nData:\n  user:       5 bytes\n  password:   21 bytes\n");
  expect(stdout()).not.toContain("KHJlZ");
  expect(requests[0]!.url).toBe("http://127.0.0.1:8081/api/v1/namespaces/default/secrets/kafka");
});

test("rouse get secrets: shows type and number of values", async () => {
  const { context, stdout } = testContext({ answer: () => ({ status: 200, json: { items: [secret] } }) });
  expect(await runRouse(["get", "secrets"], context)).toBe(0);
  expect(stdout()).toBe("NAME    TYPE     DATA   AGE\nkafka   Opaque   2      2m\n");
});

test("rouse delete secret: names a kind of the core group by its name alone", async () => {
  const { context, stdout } = testContext({ answer: () => ({ status: 200, json: { status: "Success" } }) });
  expect(await runRouse(["delete", "secret", "kafka"], context)).toBe(0);
  expect(stdout()).toBe('secret "kafka" deleted\n');
});

test("rouse apply: sends an object of an older version in the one that is stored", async () => {
  const yaml =
    "apiVersion: sources.knative.dev/v1beta1\nkind: KafkaSource\nmetadata: {name: orders}\n" +
    "spec: {bootstrapServers: ['127.0.0.1:1'], topics: [a], sink: {uri: 'http://127.0.0.1:9/'}}\n";
  await using folder = await testFolder({ "a.yaml": yaml });
  const { context, requests } = testContext({
    cwd: folder.path,
    answer: (_url, request) => (request.method === "POST" ? { status: 201, json: trigger } : missing),
  });
  expect(await runRouse(["apply", "-f", "a.yaml"], context)).toBe(0);
  const sent = requests.find(({ request }) => request.method === "POST")!;
  expect(sent.url).toContain("/apis/sources.knative.dev/v1/namespaces/default/kafkasources");
  expect(JSON.parse(String(sent.request.body)).apiVersion).toBe("sources.knative.dev/v1");
});

test("rouse describe: shows of a condition's message the first line, get -o yaml all", async () => {
  const message = "exited with code 1; stderr:\nboom";
  const crashed = {
    ...trigger,
    status: { conditions: [{ type: "Ready", status: "False", reason: "Exited", message }] },
  };
  const described = testContext({ answer: () => ({ status: 200, json: crashed }) });
  expect(await runRouse(["describe", "trigger", "orders"], described.context)).toBe(0);
  expect(described.stdout()).toMatch(/Exited {3}exited with code 1\n/);
  expect(described.stdout()).not.toContain("boom");
  const got = testContext({ answer: () => ({ status: 200, json: crashed }) });
  expect(await runRouse(["get", "trigger", "orders", "-o", "yaml"], got.context)).toBe(0);
  expect(got.stdout()).toContain("boom");
});

test("rouse describe: shows a trouble once, where a condition says it too", async () => {
  const source = (message: string) => ({
    ...trigger,
    kind: "KafkaSource",
    apiVersion: "sources.knative.dev/v1",
    status: {
      groupState: "disconnected",
      lastError: { message: "broker mq:9092 refused the connection", since: "2026-11-22T01:00:00Z" },
      conditions: [{ type: "Ready", status: "False", reason: "KafkaTrouble", message }],
    },
  });
  const shown = async (message: string): Promise<string> => {
    const { context, stdout } = testContext({ answer: () => ({ status: 200, json: source(message) }) });
    expect(await runRouse(["describe", "kafkasource", "orders"], context)).toBe(0);
    return stdout();
  };
  const once = await shown("broker mq:9092 refused the connection");
  expect(once).toContain("groupState: disconnected");
  expect(once.split("refused the connection")).toHaveLength(2);
  expect(await shown("the sink is not there")).toContain("lastError:");
});

test("rouse describe: shows the instances of a service, and what they cost", async () => {
  const service = { ...trigger, kind: "Service", spec: {}, status: { instances: { seconds: 61.5 } } };
  const failure = { reason: "Exited", message: "exited with code 1\nboom", since: Date.UTC(2025, 11, 31, 23, 59) };
  const idle = {
    instances: { starting: 0, ready: 0, frozen: 0, stopping: 0 },
    inFlight: 0,
    waiting: 0,
    backlog: 0,
    leases: { cold: 0, thawed: 0, warm: 0 },
    coldStarts: 3,
    prewarmed: 0,
    failuresByCause: { Exited: 1 },
    instanceSeconds: 0,
    failure,
  };
  const shown = async (instances: object) => {
    const { context, stdout } = testContext({
      answer: (url) => ({ status: 200, json: url.pathname.startsWith("/-/services/") ? instances : service }),
    });
    expect(await runRouse(["describe", "ksvc", "hello"], context)).toBe(0);
    return stdout();
  };
  const atZero = await shown(idle);
  expect(atZero).toContain("none (zero)");
  expect(atZero).toMatch(/From zero: +3 times\n/);
  expect(atZero).toMatch(/Failed starts: +1 Exited\n/);
  expect(atZero).not.toContain("seconds: 61.5");
  expect(atZero).toContain("Last start failed 60s ago (Exited):\n    exited with code 1\n    boom\n");
  const busy = await shown({
    ...idle,
    instances: { starting: 1, ready: 2, frozen: 1, stopping: 0 },
    inFlight: 20,
    backlog: 140,
    leases: { cold: 12, thawed: 3, warm: 840 },
    prewarmed: 4,
    ownStart: { p50: 128, p95: 140.4 },
    ourStart: { p50: 1.92, p95: 2.4 },
    instanceSeconds: 61.5,
    failure: undefined,
  });
  expect(busy).toMatch(/Running: +2 ready, 1 frozen, 1 starting\n/);
  expect(busy).toMatch(/In flight: +20, 140 in lanes\n/);
  expect(busy).toMatch(/Requests: +12 cold, 3 thawed, 840 warm\n/);
  expect(busy).toMatch(/From zero: +.*, 4 of them ahead of an expected event\n/);
  expect(busy).toMatch(/Own start: +128 ms \(median\), 140 ms \(95 %\)\n/);
  expect(busy).toMatch(/Our share: +1.9 ms \(median\), 2.4 ms \(95 %\)\n/);
  expect(busy).toMatch(/Ran for: +61.5 instance-seconds\n/);
});

test("rouse get services: shows what runs and how it was started; wide, what that cost", async () => {
  const service = (name: string, instances?: object) => ({
    ...trigger,
    kind: "Service",
    metadata: { ...trigger.metadata, name },
    status: { url: `http://${name}`, conditions: [{ type: "Ready", status: "True" }], instances },
  });
  const counter = {
    count: { starting: 0, ready: 1, frozen: 1, stopping: 0 },
    starts: { cold: 12, thawed: 3, warm: 840, prewarmed: 0 },
    start: { ownMs: 128.4, oursMs: 1.9 },
    seconds: 61.5,
    failures: { OutOfMemory: 2 },
  };
  const none = { starting: 0, ready: 0, frozen: 0, stopping: 0 };
  const idle = { count: none, starts: { cold: 0, thawed: 0, warm: 0, prewarmed: 0 }, seconds: 0, failures: {} };
  const items = [service("counter", counter), service("idle", idle), service("old")];
  const cells = async (...options: string[]) => {
    const { context, stdout } = testContext({ answer: () => ({ status: 200, json: { items } }) });
    expect(await runRouse(["get", "services", ...options], context)).toBe(0);
    return stdout()
      .trim()
      .split("\n")
      .map((line) => line.split(/ {3,}/));
  };
  const [head, first, second] = await cells();
  expect(head?.slice(-2)).toEqual(["INSTANCES", "STARTS"]);
  expect(first?.slice(-2)).toEqual(["1 ready, 1 frozen", "12 cold, 3 thawed, 840 warm"]);
  expect(second?.at(-1)).toBe("0");
  const [wide, cost] = await cells("-o", "wide");
  expect(wide?.slice(-3)).toEqual(["START", "INSTANCE-SECONDS", "FAILURES"]);
  expect(cost?.slice(-3)).toEqual(["own 128 ms, ours 1.9 ms", "61.5", "2 OutOfMemory"]);
});

test("rouse apply: creates in order, with the workdir beside the manifest", async () => {
  await using folder = await testFolder({ "all.yaml": `${serviceYaml}---\n${brokerYaml}` });
  const bodies: { kind: string; metadata: { annotations?: Record<string, string> } }[] = [];
  const { context, stdout } = testContext({
    cwd: folder.path,
    answer(_url, { method, body }) {
      if (method !== "POST") return missing;
      bodies.push(JSON.parse(String(body)));
      return { status: 201, json: bodies.at(-1) };
    },
  });
  expect(await runRouse(["apply", "-f", "."], context)).toBe(0);
  expect(stdout()).toBe("broker.eventing.knative.dev/default created\nservice.serving.knative.dev/hello created\n");
  expect(bodies[1]!.metadata.annotations?.["rouse.dev/workdir"]).toBe(folder.path);
});

test("rouse apply: reads and writes again when somebody else wrote in between", async () => {
  let version = 1;
  const puts: string[] = [];
  const broker = () => ({
    kind: "Broker",
    metadata: { name: "default", resourceVersion: String(version), generation: 1 },
  });
  const answer = (_url: URL, { method, body }: HttpRequest): FakeAnswer => {
    if (method !== "PUT") return { status: 200, json: broker() };
    puts.push(JSON.parse(String(body)).metadata.resourceVersion);
    version++;
    if (puts.length === 1) return { status: 409, json: { message: "the object has been modified" } };
    return { status: 200, json: broker(), headers: { warning: '299 - "it is \\"odd\\""' } };
  };
  const { context, stdout, stderr } = testContext({ stdin: brokerYaml, answer });
  expect(await runRouse(["apply", "-f", "-"], context)).toBe(0);
  expect(puts).toEqual(["1", "2"]);
  expect(stdout()).toBe("broker.eventing.knative.dev/default configured\n");
  expect(stderr()).toBe('warning: standard input:1: it is "odd"\n');
});

test("rouse apply: a refusal of the server is told with its place in the file", async () => {
  const causes = [{ field: "metadata.name", message: "is taken" }];
  const refused = { status: 422, json: { message: "invalid", details: { causes } } };
  const { context, stderr } = testContext({
    stdin: brokerYaml,
    answer: (_url, { method }) => (method === "POST" ? refused : missing),
  });
  expect(await runRouse(["apply", "-f", "-"], context)).toBe(4);
  expect(stderr()).toContain("standard input:4:3: metadata.name: is taken");
});

test("rouse delete: prints what was removed with it", async () => {
  const { context, stdout, stderr, requests } = testContext({
    answer: () => ({ status: 200, json: {}, headers: { warning: '299 - "2 waiting events were moved"' } }),
  });
  expect(await runRouse(["delete", "trigger", "orders", "--keep-backlog"], context)).toBe(0);
  expect(requests[0]!.url).toMatch(/\/triggers\/orders\?keepBacklog=true$/);
  expect([stdout(), stderr()]).toEqual([
    'trigger.eventing.knative.dev "orders" deleted\n',
    "warning: 2 waiting events were moved\n",
  ]);
});

test("rouse send: posts a binary event to the data plane that the server names", async () => {
  const { context, stdout, requests } = testContext({
    answer: (url) =>
      url.pathname === "/-/info"
        ? { status: 200, json: { dataPlane: "http://127.0.0.1:8080" } }
        : { status: 202, headers: { "rouse-event": "shop/default/9", "rouse-duplicate": "true" } },
  });
  const line = [
    "send",
    "-t",
    "a.b",
    "-s",
    "/me",
    "-f",
    "n.x=1",
    "-f",
    "n.y=007",
    "--raw-field",
    "z=1",
    "-r",
    "shop/default",
  ];
  expect(await runRouse(line, context)).toBe(0);
  const { url, request } = requests[1]!;
  expect(url).toBe("http://127.0.0.1:8080/shop/default");
  expect(request.headers).toMatchObject({ "ce-type": "a.b", "ce-source": "/me", "content-type": "application/json" });
  expect(new TextDecoder().decode(request.body as Uint8Array)).toBe('{"n":{"x":1,"y":"007"},"z":"1"}');
  expect(stdout()).toBe("shop/default/9 (duplicate: stored before, not again)\n");
});

test("rouse tail -o json: passes lines on", async () => {
  const { context, stdout } = testContext({
    answer: () => ({ status: 200, text: '{"kind":"stored"}\n{"kind":"dead"}\n' }),
  });
  expect(await runRouse(["tail", "--no-follow", "-o", "json"], context)).toBe(0);
  expect(stdout()).toBe('{"kind":"stored"}\n{"kind":"dead"}\n');
});

test.each([
  [{}, "\n  rouse dev   (from a clone: npx rouse dev)\n", "\n  rouse send "],
  [{ npm_command: "exec" }, "\n  npx rouse dev\n", "\n  npx rouse send "],
])("rouse init: with %j in the environment tells commands that can be typed", async (env, dev, send) => {
  await using folder = await testFolder();
  const { context, stdout } = testContext({ cwd: folder.path, env });
  expect(await runRouse(["init"], context)).toBe(0);
  expect(stdout()).toContain(dev);
  expect(stdout()).toContain(send);
});

test("rouse init: writes what check takes, and never overwrites", async () => {
  await using folder = await testFolder();
  const { context } = testContext({ cwd: folder.path });
  expect(await runRouse(["init"], context)).toBe(0);
  expect(await runRouse(["check"], context)).toBe(0);
  const written = await folder.write("eventing.yaml", "mine");
  expect(await runRouse(["init"], context)).toBe(4);
  expect(await readFile(written, "utf8")).toBe("mine");
  expect((await readFile(join(folder.path, "hello.mjs"), "utf8")).split("\n").length).toBeLessThanOrEqual(11);
});
