import type { Cursor, Engine, HeldMessage, Puller, Stream } from "./log/engine.ts";

/** An engine as one process sees it that may die at any moment, while the store behind it lives on. */
export interface MortalEngine extends Engine {
  /** From now on nothing is heard of the process: no write, no ack, no pull; what it waits for never comes. */
  kill(): void;
}

const never = new Promise<never>(() => {});

export function mortalEngine(inner: Engine): MortalEngine {
  let dead = false;
  const pullers = new Set<Puller>();
  const living = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    return dead ? await never : result;
  };
  const held = (message: HeldMessage): HeldMessage => ({
    sequence: message.sequence,
    subject: message.subject,
    headers: message.headers,
    data: message.data,
    storedAt: message.storedAt,
    pending: message.pending,
    deliveries: message.deliveries,
    ack: () => dead || message.ack(),
    nak: (delayMs) => dead || message.nak(delayMs),
    working: () => dead || message.working(),
  });
  const cursorOf = (cursor: Cursor): Cursor => ({
    open: () => (dead ? never : living(cursor.open())),
    pull(options) {
      const puller = cursor.pull({
        window: () => (dead ? 0 : options.window()),
        onMessage: (message) => dead || options.onMessage(held(message)),
        onGone: () => dead || options.onGone(),
      });
      pullers.add(puller);
      return puller;
    },
    info: () => (dead ? never : living(cursor.info())),
    delete: () => (dead ? never : living(cursor.delete())),
  });
  const streamOf = (stream: Stream): Stream => ({
    name: stream.name,
    append: (message) => (dead ? never : living(stream.append(message))),
    cursor: (config) => cursorOf(stream.cursor(config)),
    info: () => (dead ? never : living(stream.info())),
    counts: (filter) => (dead ? never : living(stream.counts(filter))),
    get: (sequence) => (dead ? never : living(stream.get(sequence))),
    read: (options, signal) => stream.read(options, signal),
    remove: (sequence) => (dead ? never : living(stream.remove(sequence))),
    purge: (subject) => (dead ? never : living(stream.purge(subject))),
  });
  return {
    kind: inner.kind,
    maxMessageBytes: inner.maxMessageBytes,
    get connected() {
      return inner.connected;
    },
    stream: async (config) => streamOf(await inner.stream(config)),
    deleteStream: (name) => inner.deleteStream(name),
    onReconnect: (listener) => inner.onReconnect(listener),
    kill() {
      dead = true;
      for (const puller of pullers) puller.stop();
    },
    async [Symbol.asyncDispose]() {},
  };
}
