// Takes messages from a queue and prints them, until it has as many as wanted: node consume.js QUEUE COUNT
import { connect } from "amqplib";

const [queue, count] = process.argv.slice(2);
const connection = await connect(process.env.RABBITMQ_URI);
const channel = await connection.createChannel();
await channel.prefetch(1);
let left = Number(count);
await new Promise((done) => {
  channel.consume(queue, (message) => {
    console.log(`${queue}: ${message.properties.headers["ce-type"]} ${message.content}`);
    channel.ack(message);
    left -= 1;
    if (left === 0) done();
  });
});
await channel.close();
await connection.close();
