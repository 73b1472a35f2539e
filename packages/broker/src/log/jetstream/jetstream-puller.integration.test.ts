import type { NatsConnection } from "@nats-io/transport-node";
import { systemClock } from "@rouse/base";
import { expect, test } from "vitest";
import { CursorReader } from "../cursor-reader.ts";
import type { HeldMessage, Stream, StreamConfig } from "../engine.ts";
import { connectNats } from "./connection.ts";
import { createJetstreamEngine } from "./jetstream-engine.ts";
import { startTestServer, withNatsServers } from "./nats-server.testing.ts";
import type { NatsServer } from "./nats-server.ts";

const config: StreamConfig = {
  name: "PULLS",
  subjects: ["pulls.>"],
  retention: "limits",
  maxAgeMs: 0,
  maxBytes: 0,
  duplicateWindowMs: 120_000,
  replicas: 1,
  discard: "old",
};
const nextSubject = "$JS.API.CONSUMER.MSG.NEXT.";

async function until(condition: () => boolean, what: string, withinMs = 20_000): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > withinMs) throw new Error(`waited longer than ${withinMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** An engine on a connection of which `swallow` says which pull requests are lost on the way. */
async function engineOn(server: NatsServer, swallow: () => boolean = () => false) {
  const connection = await connectNats({ servers: [server.url], user: server.user, password: server.password });
  const requests: number[] = [];
  const publish: NatsConnection["publish"] = (subject, ...rest) => {
    if (subject.startsWith(nextSubject)) {
      requests.push(performance.now());
      if (swallow()) return;
    }
    connection.publish(subject, ...rest);
  };
  const lossy = new Proxy(connection, {
    get: (target, name) => {
      if (name === "publish") return publish;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const engine = createJetstreamEngine({ connection: lossy });
  return {
    engine,
    requests,
    stream: await engine.stream(config),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await connection.close();
    },
  };
}

let ids = 0;

/** Appends until it is stored. */
async function append(stream: Stream): Promise<number> {
  const messageId = `${++ids}`;
  for (;;) {
    try {
      const message = { subject: "pulls.a", headers: {}, data: new Uint8Array(1), messageId };
      return (await stream.append(message)).sequence;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Reads for ever, as router and lanes do, and remembers what it holds. */
function read(stream: Stream, window = 64, onMessage = (message: HeldMessage) => message.ack()) {
  const cursor = stream.cursor({ name: "reader", ackWaitMs: 30_000, maxAckPending: 1024 });
  const seen = new Set<number>();
  const counts = { opened: 0 };
  const reader = new CursorReader({
    cursor,
    clock: systemClock,
    window: () => window,
    onMessage: (message) => {
      seen.add(message.sequence);
      onMessage(message);
    },
    onOpened: () => counts.opened++,
  });
  return { reader, seen, counts, [Symbol.dispose]: () => reader.stop() };
}

await withNatsServers("pull requests", (binary) => {
  test("pulling: what is published after a kill -9 of nats-server arrives within 3 s, whenever it was killed", async () => {
    await using server = await startTestServer(binary);
    await using own = await engineOn(server);
    // With a window of one a request follows each message.
    using reading = read(own.stream, 1);
    await reading.reader.opened;
    for (const killAfterMs of [0, 1, 4, 20]) {
      const { length } = own.requests;
      await append(own.stream);
      await until(() => own.requests.length > length, "a request was sent");
      if (killAfterMs > 0) await new Promise((resolve) => setTimeout(resolve, killAfterMs));
      await server.kill("SIGKILL");
      await server.restart();
      const sequence = await append(own.stream);
      await until(() => reading.seen.has(sequence), `message ${sequence} arrived`, 3000);
    }
  });

  test("pulling: a second kill -9 while the cursor is being opened again does not hold it up", async () => {
    await using server = await startTestServer(binary);
    await using own = await engineOn(server);
    using reading = read(own.stream);
    await reading.reader.opened;
    let renewed = 0;
    own.engine.onReconnect(() => {
      renewed++;
      if (renewed === 1) process.kill(server.pid!, "SIGKILL");
    });
    await server.kill("SIGKILL");
    await server.restart();
    await until(() => renewed > 0 && !own.engine.connected, "it was killed again");
    await server.kill();
    await server.restart();
    const sequence = await append(own.stream);
    await until(() => reading.seen.has(sequence), `message ${sequence} arrived`, 3000);
  });

  test("pulling: a request that the server does not know of is repeated within 3 s", async () => {
    await using server = await startTestServer(binary);
    let swallowed = 0;
    await using own = await engineOn(server, () => swallowed++ < 1);
    using reading = read(own.stream);
    await reading.reader.opened;
    const sequence = await append(own.stream);
    await until(() => reading.seen.has(sequence), `message ${sequence} arrived`, 3500);
    expect(own.requests.length).toBeGreaterThan(1);
  });

  test("pulling: heartbeats keep a request that waits, be it partly filled or held up by the limit of un-acked ones", async () => {
    await using server = await startTestServer(binary);
    await using own = await engineOn(server);
    const held: HeldMessage[] = [];
    using quiet = read(own.stream, 8, (message) => held.push(message));
    const cursor = own.stream.cursor({ name: "limited", ackWaitMs: 30_000, maxAckPending: 2 });
    await cursor.open();
    let gone = 0;
    const limited: HeldMessage[] = [];
    const puller = cursor.pull({ window: () => 8, onMessage: (one) => limited.push(one), onGone: () => gone++ });
    for (let n = 0; n < 3; n++) await append(own.stream);
    await until(() => held.length === 3 && limited.length === 2, "messages arrived");
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect([gone, quiet.counts.opened, own.requests.length]).toEqual([0, 1, 2]);
    for (const one of limited.splice(0)) one.ack();
    await until(() => limited.length === 1, "the limit let one more through");
    puller.stop();
  });

  test("pulling: messages held over a kill -9 count in the window, and settling them makes room", async () => {
    await using server = await startTestServer(binary);
    await using own = await engineOn(server);
    const held: HeldMessage[] = [];
    using reading = read(own.stream, 4, (message) => held.push(message));
    await reading.reader.opened;
    for (let n = 0; n < 4; n++) await append(own.stream);
    await until(() => held.length === 4, "the window is full");
    await server.kill("SIGKILL");
    await server.restart();
    await until(() => reading.counts.opened === 2, "the cursor was opened again");
    const sequence = await append(own.stream);
    expect(held.length).toBe(4);
    for (const one of held.splice(0)) one.ack();
    await until(() => reading.seen.has(sequence), `message ${sequence} arrived`, 3000);
  });
});
