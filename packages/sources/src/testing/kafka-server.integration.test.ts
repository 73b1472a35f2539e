import { Kafka, type KafkaConfig, logLevel } from "kafkajs";
import { describe, expect, test } from "vitest";
import { findKafka, kafkaHint, kafkaInstallations } from "./kafka-installation.testing.ts";
import { startKafka } from "./kafka-server.testing.ts";

function client(broker: string, more: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({ brokers: [broker], clientId: "test", logLevel: logLevel.NOTHING, ...more });
}

async function produce(kafka: Kafka, topic: string, value: string): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [{ value }] });
  await producer.disconnect();
}

/** The values of a topic's first messages, read by a new group. */
async function consume(kafka: Kafka, topic: string, groupId: string, count: number): Promise<readonly string[]> {
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: string[] = [];
  await new Promise<void>((enough, failed) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      values.push(String(message.value));
      if (values.length === count) enough();
    };
    consumer.run({ eachMessage }).catch(failed);
  });
  await consumer.disconnect();
  return values;
}

if (kafkaInstallations().length === 0) test.skip(`no Kafka here; ${kafkaHint}`, () => {});

for (const installation of kafkaInstallations()) {
  describe(`kafka ${installation.version}`, () => {
    test("startKafka: what was stored is there again after SIGKILL and a new start", async () => {
      await using kafka = await startKafka({ installation });
      await kafka.createTopic("orders", 3);
      await produce(client(kafka.bootstrap), "orders", "first");
      await kafka.kill();
      expect(await kafka.exited).toBe("signal SIGKILL");
      await kafka.run();
      expect(await consume(client(kafka.bootstrap), "orders", "readers", 1)).toEqual(["first"]);
    });

    test("startKafka: listens with SASL and TLS when asked, and lets nobody in with a wrong password", async () => {
      await using kafka = await startKafka({ installation, sasl: true, tls: true, clientCertificate: "required" });
      const { user: username, password, certificates } = kafka;
      await kafka.createTopic("orders");
      for (const mechanism of ["plain", "scram-sha-256", "scram-sha-512"] as const) {
        const sasl = { mechanism, username, password } as KafkaConfig["sasl"];
        await produce(client(kafka.saslBootstrap!, { sasl }), "orders", mechanism);
      }
      const sasl = { mechanism: "oauthbearer", oauthBearerProvider: async () => ({ value: kafka.token() }) } as const;
      await produce(client(kafka.saslBootstrap!, { sasl }), "orders", "oauthbearer");
      const { ca, client: own } = certificates!;
      await produce(client(kafka.tlsBootstrap!, { ssl: { ca, ...own } }), "orders", "certificate");
      const scram = { mechanism: "scram-sha-512", username, password } as const;
      await produce(client(kafka.saslTlsBootstrap!, { ssl: { ca }, sasl: scram }), "orders", "both");
      const values = await consume(client(kafka.bootstrap), "orders", "readers", 6);
      expect(values).toEqual(["plain", "scram-sha-256", "scram-sha-512", "oauthbearer", "certificate", "both"]);

      const wrong = { mechanism: "plain", username, password: "wrong" } as const;
      const stranger = client(kafka.saslBootstrap!, { sasl: wrong, retry: { retries: 0 } }).admin();
      await expect(stranger.connect()).rejects.toThrow(/authentication failed/i);
      await stranger.disconnect();
    });
  });
}

test.skipIf(!findKafka())("startKafka: makes and deletes topics", async () => {
  await using kafka = await startKafka();
  await kafka.createTopic("made-by-a-test", 2);
  const admin = client(kafka.bootstrap).admin();
  await admin.connect();
  const [topic] = (await admin.fetchTopicMetadata({ topics: ["made-by-a-test"] })).topics;
  expect(topic?.partitions).toHaveLength(2);
  await kafka.deleteTopic("made-by-a-test");
  expect(await admin.listTopics()).not.toContain("made-by-a-test");
  await admin.disconnect();
});
