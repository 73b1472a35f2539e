import { type Backoff, backoffDelayMs, type Clock, messageOf, sleep } from "@rouse/base";
import type { BuryAnswer, Sink, SinkAnswer, Undeliverable } from "../sink.ts";
import type { NatsMapped } from "./mapping.ts";

/** An answer that takes longer will not come: it is asked for again, under the same identity. */
const answerMs = 30_000;
const longestWaitMs = 30_000;
const backoff: Backoff = { policy: "exponential", delayMs: 50, capMs: 5_000, jitter: 0.2 };

/** A message on its way into the sink. */
export interface Piece {
  readonly mapped: NatsMapped;
  readonly messageId: string;
  readonly origin: Readonly<Record<string, string | number>>;
  readonly raw: Uint8Array;
}

/** What became of it; `given-up`: the sink was unavailable and the source is closing. */
export type HandedOver = "stored" | "buried" | "given-up";

/** What handing over needs. */
export interface HandOverPorts {
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborted when the source closes: nothing is waited for any more. */
  readonly signal: AbortSignal;
  /** Something is wrong, in words; it goes on. */
  complain(message: string): void;
}

/**
 * Brings one message into the sink, asking again for as long as the sink is unavailable; what is refused or is no event
 * is buried instead. Resolves only when one of the two is stored, or when the source closes.
 */
export async function handOver(piece: Piece, ports: HandOverPorts): Promise<HandedOver> {
  const { sink, clock, random, signal } = ports;
  const { mapped, messageId, origin, raw } = piece;
  let dead: Undeliverable | undefined;
  if (mapped.kind === "invalid") {
    dead = { reason: mapped.reason, message: mapped.message, origin, event: undefined, raw };
  }
  for (let attempt = 1; ; attempt++) {
    const buried = dead;
    const asked = buried ? sink.bury.bind(sink, buried, messageId) : () => append(sink, mapped, messageId);
    const answer = await answered(asked, clock);
    switch (answer.kind) {
      case "stored":
        return dead ? "buried" : "stored";
      case "refused":
        if (mapped.kind === "event") {
          dead = { reason: "event-refused", message: answer.reason, origin, event: mapped.event, raw: undefined };
        }
        ports.complain(
          `the sink refused a message (${placeOf(origin)}): ${answer.reason}; it is kept as a dead record`,
        );
        break;
      case "unavailable": {
        ports.complain(`the sink is unavailable: ${answer.reason}`);
        if (signal.aborted) return "given-up";
        const waitMs = Math.max(answer.retryAfterMs, backoffDelayMs(backoff, attempt, random));
        await sleep(clock, Math.min(waitMs, longestWaitMs), signal).catch(() => undefined);
        break;
      }
      default:
        answer satisfies never;
    }
  }
}

/** Words for a place: `stream ORDERS, sequence 7, subject orders.new`. */
export function placeOf(origin: Readonly<Record<string, string | number>>): string {
  return Object.entries(origin)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

async function append(sink: Sink, mapped: NatsMapped, messageId: string): Promise<SinkAnswer> {
  if (mapped.kind === "event") return sink.append(mapped.event, messageId);
  return { kind: "refused", reason: mapped.message };
}

/** A rejection, and an answer that does not come, are "not now". */
function answered(ask: () => Promise<SinkAnswer | BuryAnswer>, clock: Clock): Promise<SinkAnswer | BuryAnswer> {
  return new Promise((resolve) => {
    const later = (reason: string): void => resolve({ kind: "unavailable", reason, retryAfterMs: 0 });
    const timer = clock.setTimer(answerMs, () => later(`no answer within ${answerMs / 1_000} s`));
    ask()
      .then(resolve, (thrown) => later(messageOf(thrown)))
      .finally(() => timer.cancel());
  });
}
