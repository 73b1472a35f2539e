// Writes an order to the topic, as a program that knows nothing of events would: node produce.js CUSTOMER AMOUNT
import { Kafka, logLevel, Partitioners } from "kafkajs";

const [customer, amount] = process.argv.slice(2);
const kafka = new Kafka({ brokers: ["127.0.0.1:9092"], clientId: "shop", logLevel: logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic: "orders", numPartitions: 3 }], waitForLeaders: true });
await admin.disconnect();

const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
const value = JSON.stringify({ amount: Number(amount) });
const headers = { kind: "order", "content-type": "application/json" };
await producer.send({ topic: "orders", messages: [{ key: customer, value, headers }] });
await producer.disconnect();
