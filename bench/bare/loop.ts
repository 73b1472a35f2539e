import { connect } from "@nats-io/transport-node";
import { answerCalls } from "../child.ts";
import type { NatsAddress } from "../nats.ts";
import { BareInboxPublisher } from "./inbox-publisher.ts";

/** What a bare loop is started with. */
export interface LoopOrder {
  readonly nats: NatsAddress;
  /** Everything is published there. */
  readonly subject: string;
  /** How what it takes from is reached. */
  readonly upstream: string;
}

/** What the process of a bare loop answers to. */
export type LoopMethods = {
  connect: (order: LoopOrder) => Promise<void>;
  begin: (place: string) => Promise<void>;
  end: (argument: undefined) => Promise<void>;
  usage: (argument: undefined) => { cpuMs: number; rssMb: number };
};

/** Publishes under a message id, so that a repeat is stored once; resolves when it is stored. */
export type Store = (messageId: string, data: Uint8Array) => Promise<void>;

/** Begins to take in what waits at the place; the answer ends it. */
export type Loop = (upstream: string, place: string, store: Store) => Promise<() => Promise<void>>;

/** Runs a loop in this process, as the parent says. */
export function serveLoop(loop: Loop): void {
  let begin: (place: string) => Promise<() => Promise<void>>;
  let end: () => Promise<void> = async () => undefined;
  answerCalls({
    async connect({ nats, subject, upstream }) {
      const options = { servers: nats.url, user: nats.user, pass: nats.password, noAsyncTraces: true };
      const publisher = new BareInboxPublisher(await connect(options));
      const store: Store = (messageId, data) =>
        publisher.publish(subject, Buffer.from(`NATS/1.0\r\nNats-Msg-Id: ${messageId}\r\n\r\n`), data);
      begin = (place) => loop(upstream, place, store);
    },
    async begin(place) {
      end = await begin(place);
    },
    end: () => end(),
    usage: () => {
      const { system, user } = process.cpuUsage();
      return { cpuMs: (system + user) / 1_000, rssMb: process.memoryUsage.rss() / 2 ** 20 };
    },
  } satisfies LoopMethods);
}
