import { headers, type Msg, type MsgHdrs, type NatsConnection, type Status } from "@nats-io/transport-node";

/** What was published through a {@link FakeConnection}. */
export interface Published {
  readonly subject: string;
  readonly text: string;
  readonly reply: string;
}

interface Listener {
  readonly subject: string;
  readonly callback: (error: Error | null, message: Msg) => void;
}

/**
 * A connection whose server is the test: for answers that a real one gives too rarely to wait for. Everything that a
 * real one does give is tried on a real one.
 */
export class FakeConnection {
  readonly published: Published[] = [];
  readonly listeners = new Set<Listener>();
  readonly info = { max_payload: 1024, version: "2.9.10" };
  private readonly statuses: Status[] = [];
  private wake: (() => void) | undefined;

  /** The connection as the engine sees it. */
  get connection(): NatsConnection {
    return this as unknown as NatsConnection;
  }

  isClosed(): boolean {
    return false;
  }

  async flush(): Promise<void> {}

  publish(subject: string, data: Uint8Array, options: { readonly reply?: string } = {}): void {
    this.published.push({ subject, text: Buffer.from(data).toString(), reply: options.reply ?? "" });
  }

  subscribe(subject: string, options: { readonly callback: Listener["callback"] }) {
    const listener = { subject, callback: options.callback };
    this.listeners.add(listener);
    const end = () => void this.listeners.delete(listener);
    return { unsubscribe: end, drain: async () => end() };
  }

  /** Lets a message come to whom it concerns. */
  deliver(
    subject: string,
    text: string,
    more: { readonly reply?: string; readonly to?: string; readonly headers?: MsgHdrs } = {},
  ): void {
    const message = {
      subject,
      data: Buffer.from(text),
      reply: more.reply ?? "",
      headers: more.headers,
    } as unknown as Msg;
    const to = more.to ?? subject;
    for (const listener of [...this.listeners]) {
      if (to.startsWith(listener.subject.replace("*", ""))) listener.callback(null, message);
    }
  }

  /** Answers with a status alone. */
  answer(subject: string, code: number, text: string, pending?: number): void {
    const told = headers(code, text);
    if (pending !== undefined) told.set("Nats-Pending-Messages", String(pending));
    this.deliver(subject, "", { headers: told });
  }

  /** Tells the loss or the renewal of the connection, and waits until it was heard. */
  async tell(type: "disconnect" | "reconnect"): Promise<void> {
    this.statuses.push({ type, server: "fake" });
    this.wake?.();
    await new Promise(setImmediate);
  }

  async *status(): AsyncGenerator<Status> {
    for (;;) {
      const next = this.statuses.shift();
      if (next) yield next;
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }
}
