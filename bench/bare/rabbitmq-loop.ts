import { connect } from "amqplib";
import { prefetch } from "../intake/rabbitmq-queue.ts";
import { serveLoop } from "./loop.ts";

/** A consumer as one writes it by hand: as many messages in flight as the prefetch count, each acked when it is stored. */
serveLoop(async (url, queue, store) => {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  const { consumerTag } = await channel.consume(queue, async (message) => {
    if (!message) return;
    await store(`${queue}/${message.properties.messageId}`, message.content);
    channel.ack(message);
  });
  return async () => {
    await channel.cancel(consumerTag);
    await connection.close();
  };
});
