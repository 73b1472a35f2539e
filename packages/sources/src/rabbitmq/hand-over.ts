import { type Backoff, backoffDelayMs, type Clock, messageOf, sleep } from "@rouse/base";
import type { BuryAnswer, Sink, SinkAnswer, Undeliverable } from "../sink.ts";
import type { Gone } from "./gone.ts";
import type { RabbitmqMapped, RabbitmqMessage } from "./mapping.ts";

/** What handing over works with. */
export interface HandOverPorts {
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: Backoff;
  /** Aborted when the source closes: then nothing is asked again, but what was asked may still be answered. */
  readonly stopping: AbortSignal;
  /** The channel is gone: then no answer is waited for either. Implies `stopping`. */
  readonly gone: Gone;
  /** The sink did not take it now, in words. */
  complain(message: string): void;
}

/** `given-up`: neither stored nor buried; the message must stay with RabbitMQ. */
export type HandedOver =
  | { readonly kind: "stored" }
  | { readonly kind: "buried"; readonly message: string }
  | { readonly kind: "given-up" };

/** Storage away for longer than this answers nothing; asking again under the same id repeats nothing. */
const answerMs = 30_000;
const longestWaitMs = 60_000;

/**
 * Brings a message into the sink, or into a dead record when it can be no event there; asks again while the sink is
 * unavailable, for as long as it takes. Never rejects.
 */
export async function handOver(
  message: RabbitmqMessage,
  mapped: RabbitmqMapped,
  queue: string,
  ports: HandOverPorts,
): Promise<HandedOver> {
  const { sink } = ports;
  const { messageId } = mapped;
  let undeliverable: Undeliverable;
  if (mapped.kind === "event") {
    const { event } = mapped;
    const answer = await insisted<SinkAnswer>(() => sink.append(event, messageId), ports);
    if (answer === undefined) return { kind: "given-up" };
    if (answer.kind === "stored") return { kind: "stored" };
    const origin = originOf(message, queue);
    undeliverable = { reason: "event-refused", message: answer.reason, origin, event, raw: undefined };
  } else {
    const { reason, message: why } = mapped;
    const origin = originOf(message, queue);
    undeliverable = { reason, message: why, origin, event: undefined, raw: message.body };
  }
  const buried = await insisted<BuryAnswer>(() => sink.bury(undeliverable, messageId), ports);
  return buried === undefined ? { kind: "given-up" } : { kind: "buried", message: undeliverable.message };
}

function originOf(message: RabbitmqMessage, queue: string): Undeliverable["origin"] {
  const { messageId, exchange, routingKey } = message;
  return { queue, exchange, routingKey, ...(messageId ? { messageId } : {}) };
}

type Unavailable = Extract<SinkAnswer, { kind: "unavailable" }>;

/** The first answer that is not "not now"; undefined when there will be none. */
async function insisted<T extends { readonly kind: string }>(
  ask: () => Promise<T | Unavailable>,
  ports: HandOverPorts,
): Promise<Exclude<T, Unavailable> | undefined> {
  const { clock, random, backoff, stopping, gone } = ports;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await answered(ask, clock, gone);
    if (answer === undefined) return undefined;
    // An answer that came is worth something also when the source closes meanwhile.
    if (!isUnavailable(answer)) return answer as Exclude<T, Unavailable>;
    if (stopping.aborted) return undefined;
    ports.complain(`the sink is unavailable: ${answer.reason}`);
    const waitMs = Math.max(answer.retryAfterMs, backoffDelayMs(backoff, attempt, random));
    await sleep(clock, Math.min(waitMs, longestWaitMs), stopping).catch(() => undefined);
    if (stopping.aborted) return undefined;
  }
}

function answered<T>(ask: () => Promise<T>, clock: Clock, gone: Gone): Promise<T | Unavailable | undefined> {
  return new Promise((resolve) => {
    if (gone.happened) return resolve(undefined);
    const settle = (answer: T | Unavailable | undefined): void => {
      timer.cancel();
      stay();
      resolve(answer);
    };
    const giveUp = (): void => settle(undefined);
    const later = (reason: string): void => settle({ kind: "unavailable", reason, retryAfterMs: 0 });
    const timer = clock.setTimer(answerMs, () => later(`no answer within ${answerMs / 1000} s`));
    const stay = gone.onHappening(giveUp);
    ask().then(settle, (thrown) => later(messageOf(thrown)));
  });
}

function isUnavailable(answer: { readonly kind: string }): answer is Unavailable {
  return answer.kind === "unavailable";
}
