import { Kafka, logLevel } from "kafkajs";
import { payload } from "./payload.ts";

/** All runs read it, each with a consumer group of its own. */
export const topic = "bench";
export const partitions = 4;

const atOnce = 1_000;

/** Fills the topic: record n is in partition n % 4. */
export async function fillTopic(bootstrap: string, count: number): Promise<void> {
  const producer = new Kafka({ clientId: "bench", brokers: [bootstrap], logLevel: logLevel.ERROR }).producer();
  await producer.connect();
  try {
    for (let from = 0; from < count; from += atOnce) {
      const numbers = Array.from({ length: Math.min(atOnce, count - from) }, (_, at) => from + at);
      const messages = numbers.map((n) => ({ partition: n % partitions, key: `key-${n}`, value: payload(n) }));
      await producer.send({ topic, messages });
    }
  } finally {
    await producer.disconnect();
  }
}
