import { createInbox, type Msg, type NatsConnection } from "@nats-io/transport-node";

const windowMessages = 256;
const ack = new TextEncoder().encode("+ACK");
const expiresNs = 20_000_000_000;

/** Pulls by credit, 256 messages held or asked for, asking again when half of that is free. Never stops. */
export function pullBare(connection: NatsConnection, place: string, handle: (message: Msg) => Promise<void>): void {
  const inbox = createInbox();
  const subject = `$JS.API.CONSUMER.MSG.NEXT.${place}`;
  let held = 0;
  let outstanding = 0;
  const ask = () => {
    const free = windowMessages - held - outstanding;
    if (outstanding > 0 && free < windowMessages / 2) return;
    if (free <= 0) return;
    outstanding += free;
    connection.publish(subject, JSON.stringify({ batch: free, expires: expiresNs }), { reply: inbox });
  };
  const take = async (message: Msg) => {
    held++;
    outstanding--;
    await handle(message);
    connection.publish(message.reply!, ack);
    held--;
    ask();
  };
  connection.subscribe(inbox, {
    callback: (_failure, message) => {
      if (message.reply?.startsWith("$JS.ACK.")) {
        void take(message);
        return;
      }
      const left = message.headers?.get("Nats-Pending-Messages");
      outstanding = left ? Math.max(0, outstanding - Number(left)) : 0;
      ask();
    },
  });
  ask();
}
