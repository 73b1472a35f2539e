// Prints the records of a topic, until it has seen as many as wanted: node consume.js TOPIC COUNT
import { setTimeout as pause } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";

const [topic, count] = process.argv.slice(2);
const kafka = new Kafka({ brokers: ["127.0.0.1:9092"], clientId: "reader", logLevel: logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
// The sink creates it with its first record.
while (!(await admin.listTopics()).includes(topic)) await pause(200);
await admin.disconnect();

const consumer = kafka.consumer({ groupId: `reader-${process.pid}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
let left = Number(count);
await new Promise((done, fail) => {
  const eachMessage = async ({ message }) => {
    if (left > 0) console.log(`${topic}: ${message.key} ${message.headers.ce_type} ${message.value}`);
    left -= 1;
    if (left === 0) done();
  };
  consumer.run({ eachMessage }).catch(fail);
});
await consumer.disconnect();
