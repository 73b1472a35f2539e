import { type AddressInfo, createServer, type Socket } from "node:net";
import { ManualClock, systemClock } from "@rouse/base";
import { type CloudEvent, createEvent, decodeKafka } from "@rouse/events";
import { type Admin, Kafka, type KafkaMessage, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findKafka, type KafkaServer, startKafka } from "../testing/index.ts";
import type { KafkaConnection } from "./connection.ts";
import { createKafkaSink, type KafkaSinkDefinition } from "./kafka-sink.ts";

let kafka: KafkaServer;
let serial = 0;
beforeAll(async () => {
  if (findKafka()) kafka = await startKafka();
}, 90_000);
afterAll(() => kafka?.[Symbol.asyncDispose]());

function plain(bootstrap: string): KafkaConnection {
  return { bootstrapServers: [bootstrap], tls: undefined, sasl: undefined };
}

function sinkTo(topic: string, more: Partial<KafkaSinkDefinition> = {}) {
  const definition: KafkaSinkDefinition = {
    ...{ uid: "u", namespace: "shop", name: "out", topic, contentMode: "binary" },
    connection: plain(kafka.bootstrap),
    ...more,
  };
  return createKafkaSink({ definition, clock: systemClock, random: Math.random });
}

function orderOf(id: string, more: Record<string, string> = {}, data?: Uint8Array): CloudEvent {
  return createEvent({ id, source: "/shop", type: "order", ...more }, data);
}

type Read = KafkaMessage & { readonly partition: number };

/** The first records of a topic, read by a group of its own. */
async function read(bootstrap: string, topic: string, count: number): Promise<Read[]> {
  const client = new Kafka({ brokers: [bootstrap], clientId: "reader", logLevel: logLevel.NOTHING });
  const consumer = client.consumer({ groupId: `reader-${serial++}-${topic}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    const found: Read[] = [];
    await new Promise<void>((enough, failed) => {
      const eachMessage = async ({ message, partition }: { message: KafkaMessage; partition: number }) => {
        found.push({ ...message, partition });
        if (found.length === count) enough();
      };
      consumer.run({ eachMessage }).catch(failed);
    });
    return found;
  } finally {
    await consumer.disconnect();
  }
}

function eventOf(record: Read): CloudEvent {
  const headers = Object.entries(record.headers ?? {}).map(([name, value]) => [name, value as Buffer] as const);
  const decoded = decodeKafka(headers, record.value);
  if (decoded.kind !== "event") throw new Error("expected an event");
  return decoded.event;
}

describe.skipIf(!findKafka())("KafkaSink", () => {
  test.each(["binary", "structured"] as const)(
    "%s mode: what was sent is read back, with its key",
    async (contentMode) => {
      const topic = `modes-${contentMode}-${Date.now()}`;
      await kafka.createTopic(topic, 3);
      await using sink = sinkTo(topic, { contentMode });
      const sent = [
        orderOf(
          "1",
          { partitionkey: "käse", subject: "é %", datacontenttype: "application/json" },
          Buffer.from('{"a":1}'),
        ),
        orderOf("2"),
        orderOf("3", { partitionkey: "käse" }),
      ];
      const answers = await Promise.all(sent.map((event) => sink.send(event)));
      expect(answers).toEqual(sent.map(() => ({ kind: "stored" })));
      expect(sink.status()).toEqual({ connected: true, trouble: undefined });

      const records = await read(kafka.bootstrap, topic, 3);
      const byId = new Map(records.map((record) => [eventOf(record).attributes.id, record]));
      for (const event of sent) {
        const record = byId.get(event.attributes.id)!;
        expect({ ...eventOf(record).attributes }).toEqual({ ...event.attributes });
        expect(Buffer.from(eventOf(record).data ?? []).toString()).toBe(Buffer.from(event.data ?? []).toString());
        expect(record.key?.toString()).toBe(event.attributes.partitionkey);
      }
      expect(byId.get("1")!.partition).toBe(byId.get("3")!.partition);
      if (contentMode === "binary") expect(byId.get("2")!.value).toBeNull();
    },
  );

  test("order: events of one key, sent without waiting, are in the topic in order", async () => {
    const topic = `order-${Date.now()}`;
    await kafka.createTopic(topic, 4);
    await using sink = sinkTo(topic);
    const ids = Array.from({ length: 800 }, (_, at) => String(at));
    const answers = await Promise.all(ids.map((id) => sink.send(orderOf(id, { partitionkey: "one" }))));
    expect(answers.every(({ kind }) => kind === "stored")).toBe(true);
    const records = await read(kafka.bootstrap, topic, ids.length);
    expect(records.map((record) => eventOf(record).attributes.id)).toEqual(ids);
  });

  test("size: what the topic does not take is refused, and the events beside it are stored", async () => {
    const topic = `size-${Date.now()}`;
    await kafka.createTopic(topic);
    await using sink = sinkTo(topic);
    const answers = await Promise.all([
      sink.send(orderOf("1")),
      sink.send(orderOf("2", {}, Buffer.alloc(2_000_000, "x"))),
      sink.send(orderOf("3")),
    ]);
    expect(answers.map(({ kind }) => kind)).toEqual(["stored", "refused", "stored"]);
    expect(answers[1]).toMatchObject({ reason: expect.stringContaining("takes no record of this size") });
    const records = await read(kafka.bootstrap, topic, 2);
    expect(records.map((record) => eventOf(record).attributes.id)).toEqual(["1", "3"]);
  });

  test("size: of many events that are too large only together, each is stored once", async () => {
    const topic = `together-${Date.now()}`;
    await withAdmin((admin) =>
      admin.createTopics({
        topics: [{ topic, configEntries: [{ name: "max.message.bytes", value: "3000" }] }],
        waitForLeaders: true,
      }),
    );
    await using sink = sinkTo(topic);
    const ids = Array.from({ length: 40 }, (_, at) => String(at));
    const answers = await Promise.all(ids.map((id) => sink.send(orderOf(id, {}, Buffer.alloc(400, "x")))));
    expect(answers).toEqual(ids.map(() => ({ kind: "stored" })));
    const records = await read(kafka.bootstrap, topic, ids.length);
    expect(records.map((record) => eventOf(record).attributes.id)).toEqual(ids);
  });

  test("compacted topic: an event without partitionkey is refused, and those beside it are stored", async () => {
    const topic = `compacted-${Date.now()}`;
    const configEntries = [{ name: "cleanup.policy", value: "compact" }];
    await withAdmin((admin) => admin.createTopics({ topics: [{ topic, configEntries }], waitForLeaders: true }));
    await using sink = sinkTo(topic);
    const answers = await Promise.all([
      sink.send(orderOf("1", { partitionkey: "a" })),
      sink.send(orderOf("2")),
      sink.send(orderOf("3", { partitionkey: "b" })),
    ]);
    expect(answers.map(({ kind }) => kind)).toEqual(["stored", "refused", "stored"]);
    expect(answers[1]).toMatchObject({ reason: expect.stringContaining(`topic "${topic}" refused the record`) });
  });

  test("topic: one that does not exist is trouble in words, and is used once it is there", async () => {
    const topic = `later-${Date.now()}`;
    await using sink = sinkTo(topic);
    const answer = await sink.send(orderOf("1"));
    expect(answer).toMatchObject({ kind: "unavailable", reason: expect.stringContaining("does not exist") });
    expect(sink.status()).toMatchObject({ connected: false, trouble: { message: expect.stringContaining(topic) } });
    await kafka.createTopic(topic);
    await expect.poll(() => sink.send(orderOf("1")), { timeout: 20_000 }).toEqual({ kind: "stored" });
    expect(sink.status()).toEqual({ connected: true, trouble: undefined });
  });

  test("topic: is created with its partitions when they are declared, also when it was deleted", async () => {
    const topic = `made-${Date.now()}`;
    await using sink = sinkTo(topic, { numPartitions: 5, replicationFactor: 1 });
    expect(await sink.send(orderOf("1"))).toEqual({ kind: "stored" });
    expect(await partitionsOf(topic)).toBe(5);
    await kafka.deleteTopic(topic);
    await expect.poll(() => sink.send(orderOf("2")), { timeout: 20_000 }).toEqual({ kind: "stored" });
    expect(await partitionsOf(topic)).toBe(5);
  });

  test("topic: a replication factor that the cluster cannot give is trouble in words", async () => {
    await using sink = sinkTo(`three-${Date.now()}`, { numPartitions: 1, replicationFactor: 3 });
    const answer = await sink.send(orderOf("1"));
    expect(answer).toMatchObject({ kind: "unavailable", reason: expect.stringContaining("replicationFactor") });
  });

  test("nobody there: is unavailable in words", async () => {
    await using sink = sinkTo("any", { connection: plain("127.0.0.1:1") });
    const answer = await sink.send(orderOf("1"));
    expect(answer).toMatchObject({ kind: "unavailable", reason: "broker 127.0.0.1:1 refused the connection" });
  });
});

async function withAdmin<Result>(act: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = new Kafka({ brokers: [kafka.bootstrap], clientId: "admin", logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await act(admin);
  } finally {
    await admin.disconnect();
  }
}

async function partitionsOf(topic: string): Promise<number | undefined> {
  const { topics } = await withAdmin((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  return topics[0]?.partitions.length;
}

test("half-open: a broker that says nothing is unavailable within the bound, and its sockets are closed", async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    socket.resume();
  });
  await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
  const clock = new ManualClock();
  const definition: KafkaSinkDefinition = {
    ...{ uid: "u", namespace: "shop", name: "out", topic: "any", contentMode: "binary" },
    connection: plain(`127.0.0.1:${(silent.address() as AddressInfo).port}`),
  };
  await using sink = createKafkaSink({ definition, clock, random: () => 0.5 });
  const answer = sink.send(orderOf("1"));
  await expect.poll(() => sockets.size).toBeGreaterThan(0);
  await clock.advance(12_000);
  expect(await answer).toMatchObject({ kind: "unavailable", reason: expect.stringContaining("longer than 12 s") });
  await expect.poll(() => sockets.size).toBe(0);
  await new Promise((closed) => silent.close(closed));
});

describe.skipIf(!findKafka())("KafkaSink and a server of its own", () => {
  test("broker: killed it is unavailable, back again the same sink goes on, and nothing stored is lost", async () => {
    await using own = await startKafka({ own: true });
    await own.createTopic("orders");
    await using sink = sinkTo("orders", { connection: plain(own.bootstrap) });
    const stored: string[] = [];
    const send = async (id: string) => {
      const answer = await sink.send(orderOf(id));
      if (answer.kind === "stored") stored.push(id);
      return answer.kind;
    };
    expect(await send("1")).toBe("stored");
    await own.kill();
    expect(await send("2")).toBe("unavailable");
    expect(sink.status()).toMatchObject({
      connected: false,
      trouble: { message: expect.stringContaining("refused the connection") },
    });
    await own.run();
    await expect.poll(() => send("3"), { timeout: 30_000 }).toBe("stored");
    expect(sink.status()).toEqual({ connected: true, trouble: undefined });
    const ids = (await read(own.bootstrap, "orders", stored.length)).map((record) => eventOf(record).attributes.id);
    expect(ids).toEqual(stored);
  }, 120_000);

  test("security: SASL and TLS let in who is known; a wrong password and a wrong CA are said in words", async () => {
    await using own = await startKafka({ sasl: true, tls: true });
    await own.createTopic("orders");
    const { user, password, certificates } = own;
    const sasl = { mechanism: "SCRAM-SHA-512", user, password } as const;
    const bootstrapServers = [own.saslTlsBootstrap!];
    const tls = { ca: certificates!.ca };
    await using known = sinkTo("orders", { connection: { bootstrapServers, tls, sasl } });
    expect(await known.send(orderOf("1"))).toEqual({ kind: "stored" });

    await using stranger = sinkTo("orders", {
      connection: { bootstrapServers, tls, sasl: { ...sasl, password: "guessed-it" } },
    });
    const refused = await stranger.send(orderOf("2"));
    expect(refused).toMatchObject({
      kind: "unavailable",
      reason: `SASL SCRAM-SHA-512: user "${user}" was refused (wrong user or password)`,
    });
    expect(JSON.stringify(refused)).not.toContain("guessed-it");

    await using mistaken = sinkTo("orders", { connection: { bootstrapServers, tls: {}, sasl } });
    expect(await mistaken.send(orderOf("3"))).toMatchObject({
      kind: "unavailable",
      reason: expect.stringContaining("is not signed by a CA that this system trusts"),
    });
  }, 120_000);
});
