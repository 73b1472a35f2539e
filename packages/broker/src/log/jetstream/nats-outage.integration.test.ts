import type { NatsConnection } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { LogFault } from "../../errors.ts";
import type { Cursor, Engine, StreamConfig } from "../engine.ts";
import { connectNats } from "./connection.ts";
import { createJetstreamEngine } from "./jetstream-engine.ts";
import { startTestServer, withNatsServers } from "./nats-server.testing.ts";
import type { NatsServer } from "./nats-server.ts";

const config: StreamConfig = {
  name: "OUTAGE",
  subjects: ["outage.>"],
  retention: "limits",
  maxAgeMs: 0,
  maxBytes: 0,
  duplicateWindowMs: 120_000,
  replicas: 1,
  discard: "old",
};

async function until(condition: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > 20_000) throw new Error(`waited too long until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function engineOn(server: NatsServer): Promise<{ engine: Engine; connection: NatsConnection } & AsyncDisposable> {
  const connection = await connectNats({ servers: [server.url], user: server.user, password: server.password });
  const engine = createJetstreamEngine({ connection });
  return {
    engine,
    connection,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await connection.close();
    },
  };
}

/** Opens and pulls, again whenever the cursor is gone, as the router does. */
function pullForever(cursor: Cursor, seen: Map<number, number>, losses: { count: number }): void {
  const begin = async (): Promise<void> => {
    try {
      await cursor.open();
    } catch {
      setTimeout(begin, 20);
      return;
    }
    cursor.pull({
      window: () => 64,
      onMessage(message) {
        seen.set(message.sequence, (seen.get(message.sequence) ?? 0) + 1);
        message.ack();
      },
      onGone() {
        losses.count++;
        void begin();
      },
    });
  };
  void begin();
}

await withNatsServers("nats outage", (binary) => {
  test("outage: kill -9 of nats-server loses no stored message, and pullers come back", async () => {
    await using server = await startTestServer(binary);
    await using own = await engineOn(server);
    const stream = await own.engine.stream(config);
    const seen = new Map<number, number>();
    const losses = { count: 0 };
    pullForever(stream.cursor({ name: "router", ackWaitMs: 1000, maxAckPending: 1024 }), seen, losses);
    const stored = new Map<string, number>();
    let isDone = false;
    const write = async (writer: number): Promise<void> => {
      for (let n = 0; !isDone; n++) {
        const messageId = `w${writer}-${n}`;
        while (!stored.has(messageId)) {
          try {
            const message = {
              subject: `outage.w${writer}`,
              headers: { "ce-id": messageId },
              data: new Uint8Array(100),
            };
            stored.set(messageId, (await stream.append({ ...message, messageId })).sequence);
          } catch (failure) {
            expect(failure).toMatchObject({ code: "LOG_UNAVAILABLE" });
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
        }
      }
    };
    const writers = Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    for (let kills = 1; kills <= 3; kills++) {
      const before = stored.size;
      await until(() => stored.size > before + 300, "enough was written");
      await server.kill("SIGKILL");
      await until(() => !own.engine.connected, "the loss was seen");
      await server.restart();
      await until(() => own.engine.connected && losses.count >= kills, "puller and connection came back");
    }
    isDone = true;
    await writers;
    const sequences = [...stored.values()];
    expect(new Set(sequences).size).toBe(sequences.length);
    await until(() => sequences.every((sequence) => seen.has(sequence)), "every stored message was handed out");
    const ids = new Set<string | undefined>();
    for await (const message of stream.read({})) ids.add(message.headers["ce-id"]);
    expect([...stored.keys()].filter((id) => !ids.has(id))).toEqual([]);
  });

  test("outage: writes and questions fail at once with LOG_UNAVAILABLE while nats-server is down", async () => {
    await using server = await startTestServer(binary);
    await using own = await engineOn(server);
    const stream = await own.engine.stream(config);
    let renewed = 0;
    const stop = own.engine.onReconnect(() => renewed++);
    const message = { subject: "outage.a", headers: {}, data: new Uint8Array(1), messageId: "m" };
    const inFlight = Array.from({ length: 50 }, (_, n) => stream.append({ ...message, messageId: `f${n}` }));
    const answers = Promise.allSettled(inFlight);
    await server.kill("SIGKILL");
    await until(() => !own.engine.connected, "the loss was seen");
    for (const answer of await answers) {
      if (answer.status === "rejected") expect((answer.reason as LogFault).code).toBe("LOG_UNAVAILABLE");
    }
    const start = performance.now();
    await expect(stream.append(message)).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
    await expect(stream.info()).rejects.toBeInstanceOf(LogFault);
    await expect(stream.cursor({ name: "c", ackWaitMs: 1000, maxAckPending: 1 }).open()).rejects.toBeInstanceOf(
      LogFault,
    );
    expect(performance.now() - start).toBeLessThan(200);
    await server.restart();
    await until(() => renewed === 1, "the connection was renewed");
    stop();
    expect(await stream.append(message)).toMatchObject({ duplicate: false });
  });

  test("outage: an engine can be closed while nats-server is down", async () => {
    await using server = await startTestServer(binary);
    const own = await engineOn(server);
    const cursor = (await own.engine.stream(config)).cursor({ name: "c", ackWaitMs: 1000, maxAckPending: 1 });
    await cursor.open();
    let gone = 0;
    cursor.pull({ window: () => 1, onMessage: () => {}, onGone: () => gone++ });
    await server.kill("SIGKILL");
    await until(() => !own.engine.connected, "the loss was seen");
    await own[Symbol.asyncDispose]();
    expect(gone).toBe(0);
  });
});
