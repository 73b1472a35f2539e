import { sleep, systemClock } from "@rouse/base";
import { CompressionTypes, Kafka, logLevel, type Message } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import { findKafka, type KafkaServer, startKafka } from "../testing/index.ts";
import { createKafkaSource, type KafkaSource, type KafkaSourceDefinition } from "./kafka-source.ts";

let kafka: KafkaServer;
let client: Kafka;
let names = 0;

function definitionOf(overrides: Partial<KafkaSourceDefinition> = {}): KafkaSourceDefinition {
  names += 1;
  return {
    uid: `uid-${names}`,
    namespace: "default",
    name: `source-${names}`,
    connection: { bootstrapServers: [kafka.bootstrap], tls: undefined, sasl: undefined },
    topics: [`topic-${names}`],
    consumerGroup: `group-${names}`,
    consumers: 1,
    initialOffset: "earliest",
    ordering: "ordered",
    keyType: "string",
    ceOverrides: undefined,
    ...overrides,
  };
}

function sourceOf(definition: KafkaSourceDefinition, sink: MemorySink, drainMs = 2_000): KafkaSource {
  const sessionTimeoutMs = 6_000;
  const times = { drainMs, sessionTimeoutMs };
  const source = createKafkaSource({ definition, sink, clock: systemClock, random: Math.random, ...times });
  source.start();
  return source;
}

async function produce(topic: string, messages: readonly Message[], compression = CompressionTypes.None) {
  const producer = client.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    await producer.send({ topic, messages: [...messages], compression, acks: -1 });
  } finally {
    await producer.disconnect();
  }
}

function texts(sink: MemorySink): string[] {
  return sink.stored.map(({ event }) => Buffer.from(event.data ?? []).toString());
}

function range(count: number, prefix = "r"): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

async function until(what: string, source: KafkaSource, holds: () => boolean, withinMs = 15_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not in ${withinMs} ms: ${what}; ${JSON.stringify(source.status())}`);
    await sleep(systemClock, 10);
  }
}

describe.skipIf(!findKafka({ own: true }))("kafka source", () => {
  beforeAll(async () => {
    kafka = await startKafka({ own: true });
    client = new Kafka({ brokers: [kafka.bootstrap], clientId: "test", logLevel: logLevel.NOTHING });
  });
  afterAll(async () => kafka?.[Symbol.asyncDispose]());

  test("delivers every record of every partition once, each partition in order", async () => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic, 4);
    const sink = new MemorySink(systemClock);
    await using source = sourceOf(definition, sink);
    await produce(
      topic,
      range(2_000).map((value, index) => ({ value, partition: index % 4 })),
    );
    await until("all are stored", source, () => sink.stored.length >= 2_000);
    expect(sink.appends).toBe(2_000);
    for (const partition of [0, 1, 2, 3]) {
      const offsets = sink.stored
        .map(({ messageId }) => messageId.split("/"))
        .filter((id) => id[2] === String(partition))
        .map((id) => Number(id[3]));
      expect(offsets).toEqual(Array.from({ length: 500 }, (_, index) => index));
    }
    await until("all is committed", source, () => source.status().lag === 0);
    expect(source.status()).toMatchObject({ phase: "running", group: "stable", stored: 2_000, trouble: undefined });
    expect(source.status().partitions[0]).toEqual({ topic, partition: 0, committed: "500", end: "500", lag: 0 });
  });

  test("unordered: hands many over at once, and commits nothing beyond the lowest that is not stored", async () => {
    const definition = definitionOf({ ordering: "unordered" });
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic);
    await produce(
      topic,
      range(400).map((value) => ({ value })),
    );
    const sink = new MemorySink(systemClock);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    sink.instead = async (event, messageId) => {
      if (event.attributes.id === "partition:0/offset:7") await released;
      return sink.store(event, messageId);
    };
    await using source = sourceOf(definition, sink);
    await until("all but one are stored", source, () => sink.stored.length === 399);
    await until("what may be is committed", source, () => source.status().partitions[0]?.committed === "7");
    release();
    await until("all is committed", source, () => source.status().partitions[0]?.committed === "400");
    expect(sink.appends).toBe(400);
  });

  test("commits only what is stored: what was in flight when it was killed comes again, and nothing else", async () => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic);
    await produce(
      topic,
      range(20).map((value) => ({ value })),
    );
    const sink = new MemorySink(systemClock);
    sink.instead = (event) =>
      event.attributes.id === "partition:0/offset:12" ? new Promise(() => undefined) : undefined;
    const first = sourceOf(definition, sink, 0);
    await until("twelve are committed", first, () => first.status().partitions[0]?.committed === "12");
    await first[Symbol.asyncDispose]();

    sink.instead = undefined;
    // The group knows of the first member until its session ends, unless it managed to leave.
    await using second = sourceOf(definition, sink);
    await until("the rest is stored", second, () => sink.stored.length === 20, 45_000);
    expect(texts(sink)).toEqual(range(20));
    expect(sink.appends).toBe(21);
  });

  test("two sources of one group: every record is stored through the rebalances, by its id exactly once", async () => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic, 6);
    const sink = new MemorySink(systemClock);
    await using first = sourceOf(definition, sink);
    let sent = 0;
    const send = async (count: number): Promise<void> => {
      const values = range(count, `${sent}-`).map((value, index) => ({ value, partition: index % 6 }));
      sent += count;
      await produce(topic, values);
    };
    await send(300);
    await until("the first reads", first, () => sink.stored.length > 0);
    const second = sourceOf(definition, sink);
    await send(300);
    await until("both have partitions", first, () => {
      const counts = [first, second].map((source) => source.status().partitions.length);
      return counts[0] === 3 && counts[1] === 3;
    });
    await send(300);
    await until("all so far are stored", first, () => sink.stored.length === sent);
    await second[Symbol.asyncDispose]();
    await send(300);
    await until("the first has all partitions again", first, () => first.status().partitions.length === 6);
    await until("all are stored", first, () => sink.stored.length === sent);
    await until("all is committed", first, () => first.status().lag === 0);
    expect(new Set(texts(sink)).size).toBe(sent);
    expect(new Set(sink.stored.map(({ messageId }) => messageId)).size).toBe(sent);
  });

  test("consumers: several members in one process share the partitions", async () => {
    const definition = definitionOf({ consumers: 3 });
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic, 5);
    const sink = new MemorySink(systemClock);
    await using source = sourceOf(definition, sink);
    await until("all have joined", source, () => source.status().consumers.joined === 3);
    await until("all partitions are read", source, () => source.status().partitions.length === 5);
    await produce(
      topic,
      range(50).map((value, index) => ({ value, partition: index % 5 })),
    );
    await until("all are stored", source, () => sink.stored.length === 50);
  });

  test("latest: begins at the end, once and for all, so that what came later is not passed over after a crash", async () => {
    const definition = definitionOf({ initialOffset: "latest" });
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic);
    await produce(topic, [{ value: "old" }]);
    const sink = new MemorySink(systemClock);
    sink.instead = () => new Promise(() => undefined);
    const first = sourceOf(definition, sink);
    await until("it reads", first, () => first.status().partitions[0]?.committed === "1");
    await produce(topic, [{ value: "new" }]);
    await until("it was asked", first, () => sink.appends === 1);
    await first[Symbol.asyncDispose]();
    sink.instead = undefined;
    await using second = sourceOf(definition, sink);
    await until("the new one is stored", second, () => sink.stored.length === 1);
    expect(texts(sink)).toEqual(["new"]);
  });

  test("a topic that does not exist: says so, reads the others, and begins with its first record when it appears", async () => {
    const definition = definitionOf({ initialOffset: "latest" });
    const [topic] = definition.topics as [string];
    const topics = [topic, `${topic}-later`];
    const sink = new MemorySink(systemClock);
    await using source = sourceOf({ ...definition, topics }, sink);
    await until("it says what is missing", source, () => source.status().trouble !== undefined);
    expect(source.status().trouble?.message).toBe(`topics "${topic}", "${topic}-later" do not exist`);
    await kafka.createTopic(topic);
    await produce(topic, [{ value: "a" }]);
    await until("the first is read", source, () => sink.stored.length === 1);
    expect(source.status().trouble?.message).toBe(`topic "${topic}-later" does not exist`);
    await kafka.createTopic(`${topic}-later`);
    await produce(`${topic}-later`, [{ value: "b" }]);
    await until("the second is read", source, () => sink.stored.length === 2);
    await until("nothing is wrong", source, () => source.status().trouble === undefined);
    expect(texts(sink)).toEqual(["a", "b"]);
  });

  test("a topic that was deleted and made anew is read from its beginning", async () => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic);
    await produce(
      topic,
      range(10).map((value) => ({ value })),
    );
    const sink = new MemorySink(systemClock);
    await using source = sourceOf(definition, sink);
    await until("all is committed", source, () => source.status().partitions[0]?.committed === "10");
    await kafka.deleteTopic(topic);
    await until("it says so", source, () => source.status().trouble !== undefined);
    await kafka.createTopic(topic);
    await produce(topic, [{ value: "anew" }]);
    await until("the new one is stored", source, () => texts(sink).includes("anew"), 30_000);
    expect(sink.stored.length).toBe(11);
  });

  test("partitions that are added are read from their beginning", async () => {
    const definition = definitionOf({ initialOffset: "latest" });
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic);
    const sink = new MemorySink(systemClock);
    await using source = sourceOf(definition, sink);
    await until("it reads", source, () => source.status().partitions.length === 1);
    const admin = client.admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
    await admin.disconnect();
    await produce(topic, [{ value: "second", partition: 1 }]);
    await until("it is stored", source, () => sink.stored.length === 1, 30_000);
  });

  test("records that the retention took before they were read are told of, and the rest is read", async () => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic);
    await produce(
      topic,
      range(10).map((value) => ({ value })),
    );
    const sink = new MemorySink(systemClock);
    const first = sourceOf(definition, sink);
    await until("all is committed", first, () => first.status().partitions[0]?.committed === "10");
    await first[Symbol.asyncDispose]();
    await produce(
      topic,
      range(10, "s").map((value) => ({ value })),
    );
    const admin = client.admin();
    await admin.connect();
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "15" }] });
    await admin.disconnect();
    await using second = sourceOf(definition, sink);
    await until("the rest is stored", second, () => sink.stored.length === 15);
    expect(second.status().trouble?.message).toContain("records 10 to 15 were deleted by its retention");
  });

  test.each(["gzip", "snappy", "lz4", "zstd"])("reads what was compressed with %s", async (codec) => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    const admin = client.admin();
    await admin.connect();
    // The broker compresses anew what comes in otherwise, by its own library.
    const configEntries = [{ name: "compression.type", value: codec }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true });
    await admin.disconnect();
    const values = range(300, "compressible ".repeat(40));
    await produce(
      topic,
      values.map((value) => ({ value })),
    );
    const sink = new MemorySink(systemClock);
    await using source = sourceOf(definition, sink);
    await until("all are stored", source, () => sink.stored.length === 300);
    expect(texts(sink)).toEqual(values);
  });

  test("transactions: what was aborted is not delivered, and their markers do not stay behind as lag", async () => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic);
    const producer = client.producer({ transactionalId: `tx-${topic}`, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (const [value, commit] of [
      ["a", true],
      ["b", false],
      ["c", true],
      ["d", false],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      await (commit ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    const sink = new MemorySink(systemClock);
    await using source = sourceOf(definition, sink);
    await until("all is committed", source, () => source.status().partitions[0]?.committed === "8");
    expect(texts(sink)).toEqual(["a", "c"]);
  });

  test("what is unusual: no key, no value, 5 MiB, headers twice and not in UTF-8, and an event that is none", async () => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    const admin = client.admin();
    await admin.connect();
    const configEntries = [{ name: "max.message.bytes", value: "10000000" }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true });
    await admin.disconnect();
    const large = Buffer.alloc(5 * 1024 * 1024, "x");
    await produce(topic, [
      { key: null, value: null },
      { key: Buffer.from([0xff, 0xfe]), value: Buffer.from([0xff, 0x00]) },
      { value: "headers", headers: { "X-Odd Name!": ["one", "two"], bytes: Buffer.from([0xc3, 0x28]), none: "" } },
      { value: "poison", headers: { ce_specversion: "1.0", ce_id: "only" } },
    ]);
    await produce(topic, [{ value: large }]);
    await produce(topic, [{ value: "last" }]);
    const sink = new MemorySink(systemClock);
    await using source = sourceOf(definition, sink);
    await until("the last is stored", source, () => texts(sink).includes("last"));
    expect(sink.stored.map(({ event }) => event.data?.length)).toEqual([undefined, 2, 7, large.length, 4]);
    expect(sink.buried).toMatchObject([
      { what: { reason: "event-invalid", origin: { topic, partition: 0, offset: "3" } } },
    ]);
    expect(Buffer.from(sink.buried[0]!.what.raw!).toString()).toBe("poison");
    await until("all is committed", source, () => source.status().lag === 0);
    expect(source.status()).toMatchObject({ stored: 5, buried: 1, trouble: undefined });
  });

  test("a sink that is away longer than fetching is held back: the member stays, nothing is skipped", async () => {
    const definition = definitionOf();
    const [topic] = definition.topics as [string];
    await kafka.createTopic(topic, 2);
    await produce(
      topic,
      range(2_000).map((value, index) => ({ value, partition: index % 2 })),
    );
    const sink = new MemorySink(systemClock);
    let away = true;
    sink.instead = () => (away ? { kind: "unavailable", reason: "storage is away", retryAfterMs: 100 } : undefined);
    await using source = sourceOf(definition, sink);
    await until("it says so", source, () => source.status().trouble !== undefined);
    expect(source.status().trouble?.message).toBe("the sink is unavailable: storage is away");
    // Longer than the session timeout: without heartbeats the group would throw the member out.
    await sleep(systemClock, 7_000);
    expect(source.status()).toMatchObject({ group: "stable", stored: 0, lag: 2_000 });
    away = false;
    await until("all are stored", source, () => sink.stored.length === 2_000);
    expect(source.status().trouble).toBeUndefined();
  });
});
