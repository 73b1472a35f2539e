import { describe, expect, test } from "vitest";
import { Api, broker, trigger } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { connectRaw, startNats, withNatsServers } from "../harness/nats.ts";
import { produce, send, sendUntilAccepted } from "../harness/producer.ts";
import { killTiming } from "../harness/server-config.ts";
import { startServerProcess } from "../harness/server-process.ts";
import { startSubscriber } from "../harness/subscriber.ts";

const logStream = "ROUSE_LOG_default_default";

/** The sequence at the end of a handle. */
function sequenceOf(handle: string): number {
  return Number(handle.slice(handle.lastIndexOf("/") + 1));
}

await withNatsServers("promise 1", (binary) => {
  test("an event answered 202 is in the log when the server dies right after", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await new Api(server).apply(broker());
    const accepted = await produce({ url: server.broker(), count: 200, rate: 1_000, prefix: "kill" });
    await server.kill();

    await using raw = await connectRaw(nats);
    for (const { handle, id } of accepted) {
      expect((await raw.message(logStream, sequenceOf(handle)))?.headers["ce-id"]).toBe(id);
    }
    expect(await raw.count(logStream)).toBe(200);
  });

  test("an event answered 202 is in the log, and delivered, when server and nats-server die right after", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats, brokerTiming: killTiming });
    await using subscriber = await startSubscriber();
    const api = new Api(server);
    await api.apply(broker(), trigger("all", subscriber.url("/all")));
    const accepted = await produce({ url: server.broker(), count: 200, rate: 1_000, prefix: "both" });
    await Promise.all([nats.kill(), server.kill()]);

    await nats.restart();
    await using raw = await connectRaw(nats);
    for (const { handle, id } of accepted) {
      expect((await raw.message(logStream, sequenceOf(handle)))?.headers["ce-id"]).toBe(id);
    }
    await server.restart();
    await awaitCondition("every accepted event delivered", () => subscriber.acceptedCounts("/all").size === 200, {
      withinMs: 30_000,
      evidence: () => subscriber.acceptedCounts("/all").size,
    });
  });

  test("NATS away: 503 with Retry-After, never 202; back: the same event is stored once", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await new Api(server).apply(broker());
    const before = await sendUntilAccepted(server.broker(), { id: "before" });
    await nats.kill();

    for (const id of ["away-1", "away-2", "away-1"]) {
      const answer = await send(server.broker(), { id });
      expect(answer.status).toBe(503);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expect(answer.headers["content-type"]).toContain("application/problem+json");
    }
    expect(server.running).toBe(true);

    await nats.restart();
    const after = [];
    for (const id of ["away-1", "away-2"]) after.push(await sendUntilAccepted(server.broker(), { id }));
    await using raw = await connectRaw(nats);
    const ids = (await raw.messages(logStream)).map((message) => message.headers["ce-id"]);
    expect(ids.toSorted()).toEqual(["away-1", "away-2", "before"]);
    expect(ids[sequenceOf(before.handle) - 1]).toBe("before");
    for (const { handle, id } of after) {
      expect((await raw.message(logStream, sequenceOf(handle)))?.headers["ce-id"]).toBe(id);
    }
  });

  test("an event in flight when nats-server dies is answered 202 only if it is stored", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await new Api(server).apply(broker());
    const loaded = produce({ url: server.broker(), count: 600, rate: 300, prefix: "flight" });
    for (let kill = 0; kill < 2; kill++) {
      await awaitCondition("load", () => loadSeen(server.broker()), { withinMs: 10_000 });
      await nats.kill();
      await nats.restart();
    }
    const accepted = await loaded;
    await using raw = await connectRaw(nats);
    const stored = new Map<string, number[]>();
    for (const { headers, sequence } of await raw.messages(logStream)) {
      const id = headers["ce-id"] ?? "";
      if (id.startsWith("flight-")) stored.set(id, [...(stored.get(id) ?? []), sequence]);
    }
    for (const { handle, id } of accepted) expect(stored.get(id)).toContain(sequenceOf(handle));
    expect([...stored.values()].filter((sequences) => sequences.length > 1)).toEqual([]);
  });
});

let probes = 0;

/** True when the broker takes events. */
async function loadSeen(url: string): Promise<boolean> {
  probes += 1;
  return (await send(url, { id: `probe-${probes}` })).status === 202;
}

describe("memory engine", () => {
  test("every 202 says that nothing survives a restart", async () => {
    await using server = await startServerProcess();
    await new Api(server).apply(broker());
    const answer = await send(server.broker(), { id: "m" });
    expect(answer.status).toBe(202);
    expect(answer.headers["rouse-storage"]).toBe("memory");
    expect(answer.headers["rouse-event"]).toBe("default/default/1");
  });
});
