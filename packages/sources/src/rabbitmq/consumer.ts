import { type Clock, messageOf, type Timer } from "@rouse/base";
import type { Channel, ChannelModel } from "amqplib";
import type { Endpoint } from "./connection.ts";
import { Intake, type IntakeOptions } from "./intake.ts";
import type { Session } from "./link.ts";
import { asked, establish, type Topology } from "./topology.ts";
import { cancelledWords, channelWords } from "./trouble-words.ts";

/** What a queue holds at this moment, as the server counts. */
export interface QueueCounts {
  /** Messages ready to be delivered; those in flight are not among them. */
  readonly ready: number;
  readonly consumers: number;
}

export interface ConsumerOptions extends Omit<IntakeOptions, "channel"> {
  readonly clock: Clock;
  readonly topology: Topology;
  /** Prefetch count: that many deliveries are in flight at most. */
  readonly parallelism: number;
  readonly counted: (counts: QueueCounts) => void;
}

/** A consumer at work. */
export interface Consumer extends Session {
  readonly inFlight: number;
}

const countEveryMs = 5_000;

/** Opens a channel, makes sure that the queue is there, and consumes from it. Throws with the reason in words. */
export async function startConsumer(
  model: ChannelModel,
  endpoint: Endpoint,
  options: ConsumerOptions,
): Promise<Consumer> {
  const { topology, parallelism, clock } = options;
  const queue = topology.queueName;
  const step = { kind: "consume", queue } as const;
  const channel = await asked(step, endpoint, () => model.createChannel());
  const end = ending(channel, (error) => channelWords(error, step, endpoint));
  await establish(channel, topology, endpoint);
  await asked(step, endpoint, () => channel.prefetch(parallelism));
  const intake = new Intake({ ...options, channel });
  const { consumerTag } = await asked(step, endpoint, () =>
    channel.consume(queue, (delivery) => {
      if (delivery === null) end.because(cancelledWords(queue));
      else intake.take(delivery);
    }),
  );
  const counting = count(channel, queue, clock, options.counted);
  return {
    ended: end.reason,
    get inFlight() {
      return intake.inFlight;
    },
    async drain() {
      counting.cancel();
      await channel.cancel(consumerTag).catch((thrown) => messageOf(thrown));
      await intake.drain();
    },
    abandon() {
      counting.cancel();
      intake.abandon();
    },
  };
}

/** The end of a channel: the first reason that is known counts. */
function ending(channel: Channel, words: (error: unknown) => string) {
  const { promise, resolve } = promised();
  channel.on("error", (error) => resolve(words(error)));
  channel.once("close", () => resolve(words(new Error("it was closed"))));
  return { reason: promise, because: resolve };
}

function promised(): { readonly promise: Promise<string>; resolve(reason: string): void } {
  let resolve: (reason: string) => void = () => undefined;
  const promise = new Promise<string>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function count(channel: Channel, queue: string, clock: Clock, counted: (counts: QueueCounts) => void): Timer {
  let stopped = false;
  let timer: Timer | undefined;
  const look = (): void => {
    // A refusal closes the channel, which is heard of there.
    channel.checkQueue(queue).then(
      ({ messageCount, consumerCount }) => {
        if (stopped) return;
        counted({ ready: messageCount, consumers: consumerCount });
        timer = clock.setTimer(countEveryMs, look);
      },
      () => undefined,
    );
  };
  look();
  return {
    cancel() {
      stopped = true;
      timer?.cancel();
    },
  };
}
