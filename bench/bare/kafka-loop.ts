import { Kafka, logLevel } from "kafkajs";
import { topic } from "../intake/kafka-topic.ts";
import { serveLoop } from "./loop.ts";

const heartbeatEvery = 100;

/**
 * A consumer as one writes it by hand: all partitions at once, the records of each one by one in order, each stored
 * before the next is sent, and the offset committed after what was stored.
 */
serveLoop(async (bootstrap, groupId, store) => {
  const kafka = new Kafka({ clientId: "bare", brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: 4,
    eachBatch: async ({ batch, heartbeat, isRunning, isStale, resolveOffset }) => {
      const { partition } = batch;
      const commit = (last: string) =>
        consumer.commitOffsets([{ topic, partition, offset: (BigInt(last) + 1n).toString() }]);
      let [done, last] = [0, ""];
      for (const { offset, value } of batch.messages) {
        if (!isRunning() || isStale()) break;
        await store(`${groupId}/${topic}/${partition}/${offset}`, value!);
        resolveOffset(offset);
        last = offset;
        if (++done % heartbeatEvery === 0) await heartbeat();
      }
      if (done > 0) await commit(last);
    },
  });
  return () => consumer.disconnect();
});
