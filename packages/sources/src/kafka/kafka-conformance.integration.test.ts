import { systemClock } from "@rouse/base";
import { Kafka, logLevel, type Message } from "kafkajs";
import { describe } from "vitest";
import { type Outside, sourceConformance } from "../source.conformance.ts";
import { findKafka, type KafkaServer, startKafka } from "../testing/index.ts";
import { createKafkaSource } from "./kafka-source.ts";

const drainMs = 2_000;
let kafka: KafkaServer;
let places = 0;

async function open(): Promise<Outside> {
  places += 1;
  const topic = `conformance-${places}`;
  await kafka.createTopic(topic);
  const put = async (messages: readonly Message[]): Promise<void> => {
    const client = new Kafka({ brokers: [kafka.bootstrap], clientId: "test", logLevel: logLevel.NOTHING });
    const producer = client.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    await producer.send({ topic, messages: [...messages] });
    await producer.disconnect();
  };
  return {
    source: (sink) =>
      createKafkaSource({
        definition: {
          uid: `uid-${topic}`,
          namespace: "default",
          name: "orders",
          connection: { bootstrapServers: [kafka.bootstrap], tls: undefined, sasl: undefined },
          topics: [topic],
          consumerGroup: topic,
          consumers: 1,
          initialOffset: "earliest",
          ordering: "ordered",
          keyType: "string",
          ceOverrides: { extensions: { team: "blue" } },
        },
        sink,
        clock: systemClock,
        random: Math.random,
        drainMs,
        sessionTimeoutMs: 6_000,
      }),
    put: (texts) => put(texts.map((value) => ({ key: "k", value }))),
    putInvalid: () => put([{ value: "no event", headers: { ce_specversion: "1.0" } }]),
    golden: {
      attributes: {
        specversion: "1.0",
        id: "partition:0/offset:0",
        source: `/apis/v1/namespaces/default/kafkasources/orders#${topic}`,
        type: "dev.knative.kafka.event",
        subject: "partition:0#0",
        partitionkey: "k",
        key: "k",
        team: "blue",
      },
      ignore: ["time"],
    },
    async crash() {
      await kafka.kill();
      await kafka.run();
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

describe.skipIf(!findKafka({ own: true }))("on a real broker", () => {
  sourceConformance("kafka source", {
    async start() {
      kafka = await startKafka({ own: true });
    },
    stop: async () => kafka?.[Symbol.asyncDispose](),
    open,
    keeps: true,
    drainMs,
    patienceMs: 30_000,
  });
});
