import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Api, broker, pingSource, refTo, service, trigger } from "./harness/api.ts";
import { awaitCondition, awaitValue } from "./harness/await-condition.ts";
import { connectRaw, type NatsAddress, startNats, withNatsServers } from "./harness/nats.ts";
import { processesWith } from "./harness/processes.ts";
import { produce, sendUntilAccepted } from "./harness/producer.ts";
import { type ServerProcess, startServerProcess } from "./harness/server-process.ts";
import { type Subscriber, startSubscriber } from "./harness/subscriber.ts";

/** A function that tells a sink its pid with every event, and takes as long as asked; SIGTERM ends it, or is ignored. */
const program = `
const { createServer } = require("node:http");
const [, , sink, delay, stubborn] = process.argv;
if (stubborn) process.on("SIGTERM", () => {});
createServer((request, response) => {
  const headers = { "ce-id": request.headers["ce-id"], "ce-source": request.headers["ce-source"], "ce-type": request.headers["ce-type"], "x-pid": String(process.pid) };
  setTimeout(() => fetch(sink, { method: "POST", headers }).then(() => response.writeHead(202).end()), Number(delay));
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

async function worker(server: ServerProcess, sink: Subscriber, options: { delayMs?: number; stubborn?: boolean } = {}) {
  await writeFile(join(server.dataDir, "worker.cjs"), program);
  const { delayMs = 0, stubborn = false } = options;
  const command = `${process.execPath} worker.cjs ${sink.url("/work")} ${delayMs} ${stubborn ? "stubborn" : ""}`;
  return service("worker", command, { "rouse.dev/workdir": server.dataDir, "rouse.dev/idle-timeout": "PT0.6S" });
}

async function pingToService(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  await using subscriber = await startSubscriber();
  const api = new Api(server);
  await api.apply(
    await worker(server, subscriber),
    pingSource("hello", "* * * * * *", refTo("Service", "worker"), { "rouse.dev/missed-ticks": "skip" }),
  );
  await awaitCondition("two ticks at the service", () => subscriber.received("/work").length >= 2, {
    withinMs: 10_000,
  });
  expect(subscriber.received("/work")[0]).toMatchObject({
    type: "dev.knative.sources.ping",
    source: "/apis/v1/namespaces/default/pingsources/hello",
  });
  await api.awaitReady("PingSource", "hello");
  if (nats) {
    await using raw = await connectRaw(nats);
    expect(await raw.count("ROUSE_LOG_default__internal")).toBeGreaterThanOrEqual(2);
  }
  await api.delete("PingSource", "hello");
  await awaitCondition(
    "no process left at zero",
    async () => (await processesWith(subscriber.url("/work"))).length === 0,
  );
}

async function scaleToZero(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  await using subscriber = await startSubscriber();
  const api = new Api(server);
  await api.apply(await worker(server, subscriber), broker(), trigger("work", refTo("Service", "worker")));
  expect(await processesWith(subscriber.url("/work"))).toEqual([]);
  for (let round = 1; round <= 2; round++) {
    await produce({ url: server.broker(), count: 30, rate: 300, prefix: `round-${round}` });
    await awaitCondition("all delivered", () => subscriber.acceptedCounts("/work").size === 30 * round);
    await awaitCondition("no process left", async () => (await processesWith(subscriber.url("/work"))).length === 0, {
      everyMs: 50,
    });
  }
  const pids = new Set(subscriber.received("/work").map(({ headers }) => headers["x-pid"]));
  expect(pids.size).toBe(2);
  expect([...subscriber.acceptedCounts("/work").values()].every((count) => count === 1)).toBe(true);
  expect(await api.dead()).toEqual([]);
}

async function drain(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess({ ...(nats && { nats }), drainMs: 6_000 });
  await using subscriber = await startSubscriber();
  const manifest = await worker(server, subscriber, { delayMs: 400 });
  await new Api(server).apply(manifest, broker(), trigger("work", refTo("Service", "worker")));
  await produce({ url: server.broker(), count: 10, rate: 1_000, prefix: "drain" });
  await awaitCondition("a process", async () => (await processesWith(subscriber.url("/work"))).length > 0);
  await awaitValue("an instance that is ready", async () =>
    ((await new Api(server).workload("worker"))?.instances.ready ?? 0) > 0 ? true : undefined,
  );
  const at = performance.now();
  expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(performance.now() - at).toBeLessThan(8_000);
  await awaitCondition("no child left", async () => (await processesWith(subscriber.url("/work"))).length === 0);
  if (!nats) return;
  await server.restart();
  await awaitCondition("every accepted event delivered", () => subscriber.acceptedCounts("/work").size === 10, {
    withinMs: 20_000,
    evidence: () => subscriber.acceptedCounts("/work").size,
  });
}

describe("memory engine", () => {
  test("a PingSource straight to a Service wakes it", () => pingToService(undefined));
  test("a service goes to zero, leaves no process, and is woken again", () => scaleToZero(undefined));
  test("SIGTERM drains and leaves no child", () => drain(undefined));
});

await withNatsServers("serving", (binary) => {
  test("a PingSource straight to a Service goes through the internal log and wakes it", async () => {
    await using nats = await startNats(binary);
    await pingToService(nats);
  });

  test("a service goes to zero, leaves no process, and is woken again", async () => {
    await using nats = await startNats(binary);
    await scaleToZero(nats);
  });

  test("SIGTERM drains, leaves no child, and what was not delivered is delivered after the restart", async () => {
    await using nats = await startNats(binary);
    await drain(nats);
  });

  test("a server killed with SIGKILL leaves no child for long, and its successor serves", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await using subscriber = await startSubscriber();
    await new Api(server).apply(
      await worker(server, subscriber),
      broker(),
      trigger("work", refTo("Service", "worker")),
    );
    await sendUntilAccepted(server.broker(), { id: "1" });
    await awaitCondition("the first", () => subscriber.received("/work").length === 1);
    await server.kill();
    await server.restart();
    await sendUntilAccepted(server.broker(), { id: "2" });
    await awaitCondition("the second", () => subscriber.received("/work").some(({ id }) => id === "2"));
    await awaitCondition("no child left", async () => (await processesWith(subscriber.url("/work"))).length === 0, {
      withinMs: 15_000,
      everyMs: 100,
    });
  });
});

test("a second signal ends the server at once", async () => {
  await using server = await startServerProcess({ drainMs: 10_000 });
  await using subscriber = await startSubscriber();
  subscriber.on("/hang", () => ({ kind: "hang" }));
  await new Api(server).apply(broker(), trigger("hang", subscriber.url("/hang")));
  await sendUntilAccepted(server.broker(), { id: "1" });
  await awaitCondition("the delivery to hang", () => subscriber.received("/hang").length === 1);
  server.signal("SIGTERM");
  await awaitCondition("the drain to have begun", async () => {
    const answer = await fetch(server.broker(), { method: "POST" }).catch(() => undefined);
    return answer === undefined || answer.status === 503;
  });
  expect(server.running).toBe(true);
  const at = performance.now();
  expect((await server.kill("SIGTERM")).code).not.toBe(0);
  expect(performance.now() - at).toBeLessThan(1_000);
});
