import type { Channel } from "amqplib";
import type { Endpoint } from "./connection.ts";
import { type ChannelStep, channelWords } from "./trouble-words.ts";

/** What a source reads from, and whether it makes that itself. */
export interface Topology {
  readonly exchangeName: string | undefined;
  readonly queueName: string;
  readonly queueType: "quorum" | "classic";
  readonly predeclared: boolean;
}

/** The reason in words. */
export class ChannelFailure extends Error {}

/**
 * Makes sure that the queue is there. Predeclared: it is only looked at. Otherwise exchange, queue and binding are declared
 * as Knative's topology operator does: a durable headers exchange, a durable queue of the type, and a binding with
 * `x-match: all` and nothing to match, which takes every message; so both may run on the same ones. What exists with
 * other arguments is not changed. Throws ChannelFailure.
 */
export async function establish(channel: Channel, topology: Topology, endpoint: Endpoint): Promise<void> {
  const { exchangeName: exchange, queueName: queue, queueType, predeclared } = topology;
  if (predeclared) {
    await asked({ kind: "queue", name: queue }, endpoint, () => channel.checkQueue(queue));
    return;
  }
  // The default exchange is always there, is bound to every queue, and can be neither declared nor bound.
  const named = exchange !== undefined && exchange !== "";
  if (named) {
    await asked({ kind: "exchange", name: exchange }, endpoint, () =>
      channel.assertExchange(exchange, "headers", { durable: true, autoDelete: false }),
    );
  }
  await asked({ kind: "queue", name: queue }, endpoint, () =>
    channel.assertQueue(queue, { durable: true, autoDelete: false, arguments: { "x-queue-type": queueType } }),
  );
  if (named) {
    await asked({ kind: "binding", queue, exchange }, endpoint, () =>
      channel.bindQueue(queue, exchange, "", { "x-match": "all" }),
    );
  }
}

/** Asks something of a channel; a refusal closes the channel and is thrown in words. */
export async function asked<T>(step: ChannelStep, endpoint: Endpoint, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    throw new ChannelFailure(channelWords(thrown, step, endpoint), { cause: thrown });
  }
}
