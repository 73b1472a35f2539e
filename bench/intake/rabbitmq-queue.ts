import { connect } from "amqplib";
import { payload } from "./payload.ts";

/** Messages in flight at most, without an acknowledgement. */
export const prefetch = 250;

const atOnce = 1_000;

/** Declares a classic queue and fills it with persistent messages, each with an id. */
export async function fillQueue(url: string, queue: string, count: number): Promise<void> {
  const connection = await connect(url);
  try {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "classic" } });
    for (let n = 0; n < count; n++) {
      channel.sendToQueue(queue, payload(n), { persistent: true, messageId: `message-${n}` });
      if (n % atOnce === atOnce - 1) await channel.waitForConfirms();
    }
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
}
