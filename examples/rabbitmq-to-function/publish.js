// Publishes an order, as a program that knows nothing of events would: node publish.js CUSTOMER AMOUNT
import { randomUUID } from "node:crypto";
import { connect } from "amqplib";

const [customer, amount] = process.argv.slice(2);
const connection = await connect(process.env.RABBITMQ_URI);
const channel = await connection.createConfirmChannel();
// The exchange and the queue of the source, as the source declares them, so that it does not matter who is first.
const quorum = { durable: true, arguments: { "x-queue-type": "quorum" } };
await channel.assertExchange("shop", "headers", { durable: true });
await channel.assertQueue("shop-orders", quorum);
await channel.bindQueue("shop-orders", "shop", "", { "x-match": "all" });
// The queues of the sinks, which are nobody's but ours.
await channel.assertQueue("invoices", quorum);
await channel.assertQueue("refused-orders", quorum);

const body = JSON.stringify({ customer, amount: Number(amount) });
channel.publish("shop", "", Buffer.from(body), {
  contentType: "application/json",
  messageId: randomUUID(),
  persistent: true,
});
await channel.waitForConfirms();
await connection.close();
