import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defaultConfig } from "./config.ts";
import { startServer } from "./wire.ts";

const any = { host: "127.0.0.1", port: 0 };

async function memoryServer() {
  const dataDir = await mkdtemp(join(tmpdir(), "rouse-wire-"));
  const server = await startServer({ ...defaultConfig, dataDir, workdirBase: dataDir, dataPlane: any, admin: any });
  const put = async (plural: string, object: object) => {
    const group = plural === "pingsources" ? "sources.knative.dev/v1" : "eventing.knative.dev/v1";
    const url = `${server.info.admin}/apis/${group}/namespaces/default/${plural}`;
    const body = JSON.stringify({ apiVersion: group, ...object });
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    return { code: response.status, body: (await response.json()) as Record<string, never> };
  };
  /** Resolves with the first state of a Trigger for which `wanted` says yes. */
  const watch = async (name: string, wanted: (ready: { status: string; reason?: string }) => boolean) => {
    const path = "/apis/eventing.knative.dev/v1/namespaces/default/triggers?watch=true&resourceVersion=0";
    const response = await fetch(server.info.admin + path);
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const { object } = JSON.parse(line);
        const ready = object.status?.conditions?.find((each: { type: string }) => each.type === "Ready");
        if (object.metadata.name === name && ready && wanted(ready)) return ready;
      }
    }
  };
  const dispose = async () => {
    await server[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  };
  return { server, put, watch, [Symbol.asyncDispose]: dispose };
}

async function subscriber() {
  let receive: (headers: IncomingHttpHeaders) => void = () => undefined;
  const received = new Promise<IncomingHttpHeaders>((resolve) => {
    receive = resolve;
  });
  const http = createServer((request, response) => {
    receive(request.headers);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  return { url, received, [Symbol.asyncDispose]: async () => void http.close() };
}

test("server: an event that is posted reaches the subscriber of the trigger that takes it", async () => {
  await using sink = await subscriber();
  await using rouse = await memoryServer();
  await rouse.put("brokers", { kind: "Broker", metadata: { name: "default" } });
  const trigger = { broker: "default", filters: [{ exact: { type: "com.example.a" } }], subscriber: { uri: sink.url } };
  expect(await rouse.put("triggers", { kind: "Trigger", metadata: { name: "a" }, spec: trigger })).toMatchObject({
    code: 201,
  });
  const headers = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "com.example.a" };
  const posted = await fetch(`${rouse.server.info.dataPlane}/default/default`, { method: "POST", headers });
  expect([posted.status, posted.headers.get("rouse-event")]).toEqual([202, "default/default/1"]);
  expect(await sink.received).toMatchObject({ "ce-id": "1", "ce-type": "com.example.a", prefer: "reply" });
});

test("server: a filter that its parser refuses is refused at admission, with its path", async () => {
  await using rouse = await memoryServer();
  const spec = { broker: "default", filters: [{ cesql: "type = 'x'" }], subscriber: { uri: "http://example.com/" } };
  const answer = await rouse.put("triggers", { kind: "Trigger", metadata: { name: "a" }, spec });
  expect(answer.code).toBe(422);
  expect(JSON.stringify(answer.body)).toContain("spec.filters[0].cesql");
});

test("server: a trigger is ready only when the source it depends on is", async () => {
  await using rouse = await memoryServer();
  await rouse.put("brokers", { kind: "Broker", metadata: { name: "default" } });
  const dependency = { apiVersion: "sources.knative.dev/v1", kind: "PingSource", name: "clock" };
  const annotations = { "knative.dev/dependency": JSON.stringify(dependency) };
  const spec = { broker: "default", subscriber: { uri: "http://example.com/" } };
  await rouse.put("triggers", { kind: "Trigger", metadata: { name: "a", annotations }, spec });
  const before = await rouse.watch("a", (ready) => ready.status === "False");
  expect(before).toMatchObject({ reason: "DependencyNotFound" });
  const sink = { ref: { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "default" } };
  await rouse.put("pingsources", {
    kind: "PingSource",
    metadata: { name: "clock" },
    spec: { schedule: "@yearly", sink },
  });
  expect(await rouse.watch("a", (ready) => ready.status === "True")).toMatchObject({ status: "True" });
});
