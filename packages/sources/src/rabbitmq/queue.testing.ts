import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { systemClock } from "@rouse/base";
import { type Channel, type ConfirmChannel, connect, type Options } from "amqplib";
import { MemorySink } from "../memory-sink.testing.ts";
import type { Sink } from "../sink.ts";
import { createRabbitmqSource, type RabbitmqSource, type RabbitmqSourceDefinition } from "./rabbitmq-source.ts";

/** Does something on a channel of a connection of its own. */
export async function onChannel<Result>(
  url: string,
  act: (channel: ConfirmChannel) => Promise<Result>,
): Promise<Result> {
  const connection = await connect(url);
  connection.on("error", () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on("error", () => undefined);
    return await act(channel);
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/** Puts messages into a queue; resolves when the queue has them. */
export function putAll(
  url: string,
  queue: string,
  messages: readonly (readonly [body: string, properties?: Options.Publish])[],
): Promise<void> {
  return onChannel(url, async (channel) => {
    for (const [body, properties] of messages) {
      channel.sendToQueue(queue, Buffer.from(body), { persistent: true, ...properties });
    }
    await channel.waitForConfirms();
  });
}

export function readyIn(url: string, queue: string): Promise<number> {
  return onChannel(url, async (channel) => (await channel.checkQueue(queue)).messageCount);
}

/** A message of the queue, taken out of it; undefined when there is none. */
export function takenFrom(channel: Channel, queue: string) {
  return channel.get(queue, { noAck: true }).then((message) => (message === false ? undefined : message));
}

/** A definition of a source with names of its own. */
export function definitionAt(uri: string, changes: Partial<RabbitmqSourceDefinition> = {}): RabbitmqSourceDefinition {
  const name = `s${randomUUID().slice(0, 8)}`;
  return {
    uid: `uid-${name}`,
    namespace: "shop",
    name,
    connection: { uri },
    exchangeName: `exchange-${name}`,
    queueName: `queue-${name}`,
    queueType: "quorum",
    predeclared: false,
    parallelism: 10,
    delivery: undefined,
    ceOverrides: undefined,
    ...changes,
  };
}

/** A started source with a sink in memory. */
export function startSource(
  definition: RabbitmqSourceDefinition,
  sink: MemorySink = new MemorySink(systemClock),
  drainMs = 1_000,
): { readonly source: RabbitmqSource; readonly sink: MemorySink } & AsyncDisposable {
  const source = sourceOf(definition, sink, drainMs);
  source.start();
  return { source, sink, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
}

export function sourceOf(definition: RabbitmqSourceDefinition, sink: Sink, drainMs = 1_000): RabbitmqSource {
  return createRabbitmqSource({ definition, sink, clock: systemClock, random: Math.random, drainMs });
}

export function textsOf(sink: MemorySink): string[] {
  return sink.stored.map(({ event }) => new TextDecoder().decode(event.data));
}

/** Waits until it holds; fails with the evidence. */
export async function until(holds: () => boolean, evidence: () => unknown, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not in ${withinMs} ms: ${holds}; ${JSON.stringify(evidence())}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

export function connected({ source }: { readonly source: RabbitmqSource }): Promise<void> {
  return until(
    () => source.status().connection === "connected",
    () => source.status(),
  );
}

/** The trouble of a source, as soon as it has any. */
export async function troubleOf({ source }: { readonly source: RabbitmqSource }): Promise<string> {
  await until(
    () => source.status().trouble !== undefined,
    () => source.status(),
  );
  return source.status().trouble!.message;
}

/** A way to a server that can be frozen: nothing goes through any more, and nobody is told. */
export async function freezable(host: string, port: number) {
  const sockets: Socket[] = [];
  let frozen = false;
  const server = createServer((near) => {
    const far = connectTcp(port, host);
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.on("data", (data) => frozen || far.write(data));
    far.on("data", (data) => frozen || near.write(data));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    freeze(): void {
      frozen = true;
    },
    thaw(): void {
      frozen = false;
      for (const socket of sockets.splice(0)) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), "close");
    },
  };
}
