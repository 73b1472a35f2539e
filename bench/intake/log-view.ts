import { jetstream, jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { NatsAddress } from "../nats.ts";
import { numberOf } from "./payload.ts";

/** A stream as seen from outside, on a connection of its own. Whoever opened it disposes it. */
export interface LogView extends AsyncDisposable {
  lastSequence(): Promise<number>;
  /** When the message was stored, by the server's clock, milliseconds. */
  storedAt(sequence: number): Promise<number>;
  /** The numbers of the messages in the order in which they are stored. */
  numbers(from: number, to: number): Promise<readonly number[]>;
  /** With how the stream is kept, so that another server can have the same. */
  config(): Promise<StreamConfig>;
}

const atOnce = 1_000;

/** Looks at a stream that exists. */
export async function viewLog({ password, url, user }: NatsAddress, stream: string): Promise<LogView> {
  const connection = await connect({ servers: url, user, pass: password, noAsyncTraces: true });
  const { streams } = await jetstreamManager(connection);
  const { consumers } = jetstream(connection);
  return {
    lastSequence: async () => (await streams.info(stream)).state.last_seq,
    async storedAt(sequence) {
      const message = await streams.getMessage(stream, { seq: sequence });
      if (!message) throw new Error(`expected message ${sequence} in ${stream}, it is not there`);
      return message.time.getTime();
    },
    async numbers(from, to) {
      const numbers: number[] = [];
      if (from > to) return numbers;
      const consumer = await consumers.get(stream, { opt_start_seq: from });
      const messages = await consumer.consume({ max_messages: atOnce });
      for await (const { data, seq } of messages) {
        numbers.push(numberOf(data));
        if (seq >= to) break;
      }
      return numbers;
    },
    config: async () => (await streams.info(stream)).config,
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/** Creates a stream on a server that has it not. */
export async function createLog({ password, url, user }: NatsAddress, config: StreamConfig): Promise<void> {
  const connection = await connect({ servers: url, user, pass: password });
  try {
    await (await jetstreamManager(connection)).streams.add(config);
  } finally {
    await connection.close();
  }
}
