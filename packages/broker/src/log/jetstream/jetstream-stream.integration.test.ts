import { expect, test } from "vitest";
import type { HeldMessage, StreamConfig } from "../engine.ts";
import { connectNats } from "./connection.ts";
import { createJetstreamEngine } from "./jetstream-engine.ts";
import { startTestServer, withNatsServers } from "./nats-server.testing.ts";

const config: StreamConfig = {
  name: "S",
  subjects: ["s.>"],
  retention: "limits",
  maxAgeMs: 604_800_000,
  maxBytes: 10_000_000,
  duplicateWindowMs: 120_000,
  replicas: 1,
  discard: "old",
};

await withNatsServers("jetstream stream", (binary) => {
  async function setUp() {
    const server = await startTestServer(binary);
    const connection = await connectNats({ servers: [server.url], user: server.user, password: server.password });
    const engine = createJetstreamEngine({ connection });
    return {
      connection,
      engine,
      async [Symbol.asyncDispose]() {
        await engine[Symbol.asyncDispose]();
        await connection.close();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  test("stream: is updated only where its configuration differs, and an operator's own settings stay", async () => {
    await using own = await setUp();
    const { connection, engine } = own;
    const updates: string[] = [];
    connection.subscribe("$JS.EVENT.ADVISORY.STREAM.UPDATED.S", {
      callback: (_, message) => void updates.push(message.subject),
    });
    const settings = async () => (await connection.request("$JS.API.STREAM.INFO.S")).json<{ config: object }>().config;
    await Promise.all([engine.stream(config), engine.stream(config)]);
    await engine.stream(config);
    const byHand = { ...(await settings()), max_msg_size: 5000 };
    await connection.request("$JS.API.STREAM.UPDATE.S", JSON.stringify(byHand));
    await connection.flush();
    expect(updates.length).toBe(1);
    await engine.stream(config);
    await engine.stream({ ...config, maxAgeMs: 3_600_000 });
    await connection.flush();
    expect(updates.length).toBe(2);
    expect(await settings()).toMatchObject({ max_msg_size: 5000, max_age: 3_600_000_000_000, storage: "file" });
    await expect(engine.stream({ ...config, retention: "workqueue" })).rejects.toMatchObject({ code: "LOG_REFUSED" });
  });

  test("stream: what others published by hand is read like any message", async () => {
    await using own = await setUp();
    const stream = await own.engine.stream(config);
    // Answered once it is stored; a flush would only say that the server has read it.
    await own.connection.request("s.by.hand", "hello");
    const stored = await stream.get(1);
    expect(stored).toMatchObject({ subject: "s.by.hand", headers: {} });
    const cursor = stream.cursor({ name: "c", ackWaitMs: 1000, maxAckPending: 10 });
    await cursor.open();
    const held = await new Promise<HeldMessage>((resolve) => {
      cursor.pull({ window: () => 1, onMessage: resolve, onGone: () => {} });
    });
    expect([Buffer.from(held.data).toString(), held.headers, held.storedAt]).toEqual(["hello", {}, stored?.storedAt]);
    held.ack();
  });

  test("stream: more subjects than fit one answer are counted all", async () => {
    await using own = await setUp();
    const stream = await own.engine.stream(config);
    const subjects = Array.from({ length: 300 }, (_, n) => `s.n${n}`);
    const append = (subject: string) =>
      stream.append({ subject, headers: {}, data: new Uint8Array(1), messageId: subject });
    await Promise.all(subjects.map(append));
    expect((await stream.counts("s.>")).size).toBe(300);
  });
});
