import { createInbox, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";

type Settle = (failure: Error | undefined) => void;

/** Publishes with one reply inbox for all: no timeout, no retry, no message id. */
export class BareInboxPublisher {
  private readonly connection: NatsConnection;
  private readonly prefix = `${createInbox()}.`;
  private readonly waiting = new Map<string, Settle>();
  private count = 0;

  constructor(connection: NatsConnection) {
    this.connection = connection;
    connection.subscribe(`${this.prefix}*`, {
      callback: (_failure, message) => {
        const id = message.subject.slice(this.prefix.length);
        const settle = this.waiting.get(id);
        this.waiting.delete(id);
        const stored = message.data.length > 0 && !("error" in message.json<object>());
        settle?.(stored ? undefined : new Error(`the stream did not take it: ${message.string()}`));
      },
    });
  }

  publish(subject: string, headers: Uint8Array, data: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = (++this.count).toString(36);
      this.waiting.set(id, (failure) => (failure ? reject(failure) : resolve()));
      const encoded = { encode: () => headers } as unknown as MsgHdrs;
      this.connection.publish(subject, data, { headers: encoded, reply: this.prefix + id });
    });
  }
}
