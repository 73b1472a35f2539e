import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import Fastify from "fastify";
import { Pool } from "undici";
import { answerCalls } from "../child.ts";
import type { NatsAddress } from "../nats.ts";
import { BareInboxPublisher } from "./inbox-publisher.ts";
import { pullBare } from "./puller.ts";

/** What the bare pipeline is started with. */
export interface BareOrder {
  readonly nats: NatsAddress;
  /** Every event is posted here. */
  readonly sink: string;
}

/** What this process answers to. */
export type BareMethods = {
  /** Returns the URL that events are posted to. */
  start: (order: BareOrder) => Promise<string>;
  usage: (argument: undefined) => { cpuMs: number; rssMb: number };
};

const stream = "BARE";
const subject = "bare.events";
const consumer = "all";
const subscriberConnections = 64;

/**
 * What a broker cannot do without: HTTP in, stored in JetStream, answered 202, pulled, HTTP out, acked. The same events
 * go in and come out as of rouse in binary mode; nothing is validated, filtered, deduplicated or retried.
 */
async function start({ nats, sink }: BareOrder): Promise<string> {
  const options = { servers: nats.url, user: nats.user, pass: nats.password, noAsyncTraces: true };
  const connection = await connect(options);
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: stream, subjects: [subject] });
  const ackWaitNs = 60_000_000_000;
  await manager.consumers.add(stream, {
    durable_name: consumer,
    ack_policy: "explicit",
    ack_wait: ackWaitNs,
    max_ack_pending: 1_024,
  });
  const { origin, pathname } = new URL(sink);
  const pool = new Pool(origin, { connections: subscriberConnections, pipelining: 1 });
  pullBare(connection, `${stream}.${consumer}`, async (message) => {
    const { body, statusCode } = await pool.request({
      method: "POST",
      path: pathname,
      headers: httpHeaders(message),
      body: message.data,
    });
    await body.dump();
    if (statusCode !== 202) throw new Error(`the sink answered ${statusCode}`);
  });
  const publisher = new BareInboxPublisher(connection);
  const app = Fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.post("/events", async (request, reply) => {
    await publisher.publish(subject, natsHeaders(request.raw.rawHeaders), request.body as Buffer);
    return reply.code(202).send();
  });
  return `${await app.listen({ host: "127.0.0.1", port: 0 })}/events`;
}

function isKept(name: string): boolean {
  return name.startsWith("ce-") || name === "content-type";
}

function natsHeaders(raw: readonly string[]): Uint8Array {
  let text = "NATS/1.0";
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase();
    if (isKept(name)) text += `\r\n${name}: ${raw[at + 1]}`;
  }
  return Buffer.from(`${text}\r\n\r\n`);
}

function httpHeaders(message: Msg): string[] {
  const headers: string[] = [];
  for (const [name, values] of message.headers as MsgHdrs) headers.push(name, values[0]!);
  return headers;
}

answerCalls({
  start,
  usage: () => {
    const { system, user } = process.cpuUsage();
    return { cpuMs: (system + user) / 1_000, rssMb: process.memoryUsage.rss() / 2 ** 20 };
  },
} satisfies BareMethods);
