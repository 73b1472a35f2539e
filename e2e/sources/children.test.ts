import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, broker, type Json, type Manifest, refTo, service, trigger } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { placesThatSay } from "../harness/leaks.ts";
import { type NatsServer, natsServers, startNats } from "../harness/nats.ts";
import { postEvent } from "../harness/post-event.ts";
import { type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { followSource, fromSecret, secret, toDefault } from "../harness/source-manifests.ts";
import { attributesOf, type Subscriber, startSubscriber } from "../harness/subscriber.ts";

const [binary] = (await natsServers()).slice(-1);
const token = "child-Token/0123456789";

/** Sends one event to K_SINK with what K_CE_OVERRIDES says, tells its secret to everybody, and ends. */
const sender = `
const { extensions = {} } = JSON.parse(process.env.K_CE_OVERRIDES || "{}");
const headers = { "ce-specversion": "1.0", "ce-id": String(process.pid), "ce-source": process.argv[2], "ce-type": "tick" };
for (const [name, value] of Object.entries(extensions)) headers["ce-" + name] = value;
console.log("the token is " + process.env.TOKEN);
fetch(process.env.K_SINK, { method: "POST", headers }).then(
  (answer) => { console.log("answered " + answer.status); process.exit(answer.ok ? 0 : 1); },
  (failure) => { console.error(failure); process.exit(2); },
);
`;

/** A function that answers nothing itself, and sends an event to K_SINK instead. */
const forwarder = `
const { createServer } = require("node:http");
createServer((request, response) => {
  const headers = { "ce-specversion": "1.0", "ce-id": "sent-" + request.headers["ce-id"], "ce-source": "/forwarder", "ce-type": "sent" };
  fetch(process.env.K_SINK, { method: "POST", headers }).then((answer) => response.writeHead(answer.ok ? 202 : 500).end());
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

function containerSource(name: string, server: ServerProcess, spec: Json): Manifest {
  const annotations = {
    "rouse.dev/command": `${process.execPath} sender.cjs /${name}`,
    "rouse.dev/workdir": server.dataDir,
  };
  const env = [{ name: "TOKEN", valueFrom: fromSecret("child", "token") }];
  const template = { spec: { containers: [{ env }] } };
  const apiVersion = "sources.knative.dev/v1";
  return { apiVersion, kind: "ContainerSource", metadata: { name, annotations }, spec: { template, ...spec } };
}

function sinkBinding(name: string, subject: string, sink: Json): Manifest {
  const of = { apiVersion: "serving.knative.dev/v1", kind: "Service", name: subject };
  return { apiVersion: "sources.knative.dev/v1", kind: "SinkBinding", metadata: { name }, spec: { subject: of, sink } };
}

describe.skipIf(binary === undefined && process.env.CI !== "true")("processes that send events", () => {
  let nats: NatsServer;
  let server: ServerProcess;
  let subscriber: Subscriber;
  let api: Api;

  beforeAll(async () => {
    nats = await startNats(binary!);
    server = await startServerProcess({ nats });
    subscriber = await startSubscriber();
    await writeFile(join(server.dataDir, "sender.cjs"), sender);
    await writeFile(join(server.dataDir, "forwarder.cjs"), forwarder);
    api = new Api(server);
    await api.apply(broker(), secret("child", { token }));
  });
  afterAll(async () => {
    for (const one of [server, subscriber, nats]) await one?.[Symbol.asyncDispose]();
  });

  test("ContainerSource: the process gets K_SINK and K_CE_OVERRIDES, and is started again when it ends", async () => {
    const ceOverrides = { extensions: { region: "eu" } };
    await api.apply(
      followSource("ticker", "/ticker", subscriber),
      containerSource("ticker", server, { sink: toDefault, ceOverrides }),
      containerSource("direct", server, { sink: { uri: subscriber.url("/direct") }, ceOverrides }),
    );
    for (const path of ["/ticker", "/direct"]) {
      await awaitCondition(`two processes sent to ${path}`, () => subscriber.acceptedCounts(path).size >= 2, {
        withinMs: 30_000,
        evidence: () => api.condition("ContainerSource", path.slice(1)),
      });
      expect(attributesOf(subscriber.received(path)[0]!)).toMatchObject({ "ce-type": "tick", "ce-region": "eu" });
    }
    const lines = await (await fetch(`${server.admin}/-/logs/default/ticker`)).text();
    expect(lines).toContain("answered 202");
    await api.delete("ContainerSource", "direct");
  });

  test("SinkBinding: a Service gets K_SINK, of a broker and of a URL", async () => {
    await api.apply(
      service("forwarder", `${process.execPath} forwarder.cjs`, { "rouse.dev/workdir": server.dataDir }),
      trigger("asks", refTo("Service", "forwarder"), { filter: { attributes: { type: "ask" } } }),
      followSource("sent", "/forwarder", subscriber),
      sinkBinding("forwards", "forwarder", toDefault),
    );
    await api.awaitReady("SinkBinding", "forwards");
    await postEvent(server.broker(), { id: "1", source: "/test", type: "ask" });
    await awaitCondition("it is sent on", () => subscriber.received("/sent").length === 1);
    expect(subscriber.received("/sent")[0]).toMatchObject({ id: "sent-1", type: "sent" });
    await api.apply(sinkBinding("forwards", "forwarder", { uri: subscriber.url("/elsewhere") }));
    await awaitCondition(
      "a new instance sends to the URL",
      async () => {
        await postEvent(server.broker(), { id: crypto.randomUUID(), source: "/test", type: "ask" });
        return subscriber.received("/elsewhere").length > 0;
      },
      { withinMs: 30_000, everyMs: 500 },
    );
  });

  test("what a process prints of its secret is said nowhere", async () => {
    expect(await placesThatSay([token], server, nats, ["ticker", "forwarder"])).toEqual([]);
  });
});
