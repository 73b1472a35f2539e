import { type KafkaServer, startKafka } from "@rouse/sources/testing";
import { Kafka, logLevel, type Producer } from "kafkajs";

export { findKafka, findRabbitmq, kafkaHint, rabbitmqHint, startRabbitmq } from "@rouse/sources/testing";
export { type KafkaServer, startKafka };

/** One record as tests write it. */
export interface TestRecord {
  readonly key?: string | null;
  readonly value: string | Buffer | null;
  readonly partition?: number;
  /** A list is a header that comes several times. */
  readonly headers?: Record<string, string | Buffer | (string | Buffer)[]>;
}

/** A producer of a test. Disposing it disconnects. */
export interface TestProducer extends AsyncDisposable {
  send(topic: string, records: readonly TestRecord[]): Promise<void>;
}

/** Connects a producer to a server's plain listener. */
export async function connectProducer(server: KafkaServer): Promise<TestProducer> {
  const kafka = new Kafka({ brokers: [server.bootstrap], clientId: "test", logLevel: logLevel.NOTHING });
  const producer: Producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  return {
    async send(topic, records) {
      const messages = records.map(({ key = null, value, partition, headers }) => ({
        key,
        value,
        ...(partition === undefined ? {} : { partition }),
        ...(headers === undefined ? {} : { headers }),
      }));
      await producer.send({ topic, messages, acks: -1 });
    },
    [Symbol.asyncDispose]: () => producer.disconnect(),
  };
}
