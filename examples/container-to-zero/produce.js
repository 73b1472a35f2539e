// Writes a record to the topic, as a program that knows nothing of events would: node produce.js TEXT
import { Kafka, logLevel, Partitioners } from "kafkajs";

const [text] = process.argv.slice(2);
const kafka = new Kafka({ brokers: ["127.0.0.1:9092"], clientId: "greeter", logLevel: logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic: "greetings", numPartitions: 1 }], waitForLeaders: true });
await admin.disconnect();

const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
const headers = { "content-type": "application/json" };
await producer.send({ topic: "greetings", messages: [{ value: JSON.stringify({ text }), headers }] });
await producer.disconnect();
