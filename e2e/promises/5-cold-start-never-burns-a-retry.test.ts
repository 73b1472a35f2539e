import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Api, broker, refTo, service, trigger } from "../harness/api.ts";
import { awaitCondition, pause } from "../harness/await-condition.ts";
import { type NatsAddress, startNats, withNatsServers } from "../harness/nats.ts";
import { produce, sendUntilAccepted } from "../harness/producer.ts";
import { freePort, type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { startSubscriber } from "../harness/subscriber.ts";

/** A function that takes its time before it listens, and tells a sink what it got. */
const slowFunction = `
import { createServer } from "node:http";
const server = createServer((request, response) => {
  request.resume();
  fetch(process.env.SINK, { method: "POST", headers: { "ce-id": request.headers["ce-id"], "ce-source": request.headers["ce-source"] } })
    .then(() => response.writeHead(202).end(), () => response.writeHead(500).end());
});
setTimeout(() => server.listen(Number(process.env.PORT), "127.0.0.1"), Number(process.env.DELAY));
`;

async function functionManifest(server: ServerProcess, sink: string, delayMs: number) {
  await writeFile(join(server.dataDir, "slow.mjs"), slowFunction);
  const annotations = { "rouse.dev/workdir": server.dataDir, "rouse.dev/idle-timeout": "PT0.5S" };
  const manifest = service("slow", `${process.execPath} slow.mjs`, annotations);
  const env = [
    { name: "SINK", value: sink },
    { name: "DELAY", value: String(delayMs) },
  ];
  const { metadata } = (manifest.spec as { template: { metadata: object } }).template;
  return { ...manifest, spec: { template: { metadata, spec: { containers: [{ env }] } } } };
}

async function coldStart(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  await using subscriber = await startSubscriber();
  const api = new Api(server);
  await api.apply(
    await functionManifest(server, subscriber.url("/got"), 1_200),
    broker(),
    trigger("wakes", refTo("Service", "slow"), { delivery: { retry: 0 } }),
  );
  for (let round = 1; round <= 2; round++) {
    const at = performance.now();
    await produce({ url: server.broker(), count: 20, rate: 200, prefix: `cold-${round}` });
    await awaitCondition("all delivered", () => subscriber.acceptedCounts("/got").size === 20 * round, {
      withinMs: 15_000,
    });
    expect(performance.now() - at).toBeGreaterThan(1_000);
    await awaitCondition("zero instances", async () => {
      const { starting = 1, ready = 1, stopping = 1 } = (await api.workload("slow"))?.instances ?? {};
      return starting + ready + stopping === 0;
    });
  }
  expect(await api.dead()).toEqual([]);
  expect([...subscriber.acceptedCounts("/got").values()].every((count) => count === 1)).toBe(true);
  expect((await api.workload("slow"))?.coldStarts).toBe(2);
  const attempts = (await api.tail()).filter((line) => line.kind === "attempt");
  expect(attempts.filter((line) => line.attempt !== 1 || line.verdict === "again")).toEqual([]);
}

/** Seven attempts, 50 ms apart, would be used up long before the target comes. */
async function targetDown(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  const api = new Api(server);
  const port = await freePort();
  const delivery = { retry: 6, backoffPolicy: "linear", backoffDelay: "PT0.05S" };
  await api.apply(broker(), trigger("down", `http://127.0.0.1:${port}/here`, { delivery }));
  await produce({ url: server.broker(), count: 20, rate: 100, prefix: "down" });
  await pause(2_500);
  await sendUntilAccepted(server.broker(), { id: "late" });
  expect(await api.dead()).toEqual([]);

  await using subscriber = await startSubscriber(port);
  await awaitCondition("everything held is delivered", () => subscriber.acceptedCounts("/here").size === 21, {
    withinMs: 20_000,
    evidence: () => subscriber.acceptedCounts("/here").size,
  });
  expect([...subscriber.acceptedCounts("/here").values()].every((count) => count === 1)).toBe(true);
  expect(await api.dead()).toEqual([]);
}

describe("memory engine", () => {
  test("events for a function at zero are delivered at the first attempt, with no retry allowed", () =>
    coldStart(undefined));
  test("events for a target that is down outlive their retries", () => targetDown(undefined));
});

await withNatsServers("promise 5", (binary) => {
  test("events for a function at zero are delivered at the first attempt, with no retry allowed", async () => {
    await using nats = await startNats(binary);
    await coldStart(nats);
  });
  test("events for a target that is down outlive their retries", async () => {
    await using nats = await startNats(binary);
    await targetDown(nats);
  });
});
