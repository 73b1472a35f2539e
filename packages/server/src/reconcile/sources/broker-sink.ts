import { type Clock, messageOf } from "@rouse/base";
import type { BuryAnswer, Sink, SinkAnswer, Undeliverable } from "@rouse/sources";
import { appendOutcome } from "../append-outcome.ts";
import type { OpenBrokers } from "../open-brokers.ts";

const missingRetryMs = 1_000;

/** Whose events go where. */
export interface SinkPlace {
  readonly namespace: string;
  readonly broker: string;
  /** The source, as its dead records name it. */
  readonly source: { readonly uid: string; readonly name: string };
  /** With the internal log: the uid of the implicit trigger that the events are for. */
  readonly addressee: string | undefined;
}

/**
 * The ingress of a broker, in process. While the broker is not open, the sink is unavailable: the source keeps what it
 * has and asks again. What it buries is said without values of Secrets.
 */
export function brokerSink(
  brokers: OpenBrokers,
  place: SinkPlace,
  clock: Clock,
  redact: (text: string) => string,
): Sink {
  const { namespace, broker: name, addressee } = place;
  const missing = {
    kind: "unavailable",
    reason: `broker ${namespace}/${name} does not exist`,
    retryAfterMs: missingRetryMs,
  } as const;
  return {
    async append(event, messageId): Promise<SinkAnswer> {
      const broker = brokers.find(namespace, name);
      if (!broker) return missing;
      return appendOutcome(broker, event, { messageId, ...(addressee === undefined ? {} : { addressee }) });
    },
    async bury(what, messageId): Promise<BuryAnswer> {
      const broker = brokers.find(namespace, name);
      if (!broker) return missing;
      try {
        const { duplicate } = await broker.dead.store(
          recordOf({ ...what, message: redact(what.message) }, place, clock.now()),
          `d.${messageId}`,
        );
        return { kind: "stored", duplicate };
      } catch (failure) {
        return { kind: "unavailable", reason: messageOf(failure), retryAfterMs: missingRetryMs };
      }
    },
    async idsSince(source, time) {
      return (await brokers.find(namespace, name)?.idsSince(source, time)) ?? new Set();
    },
  };
}

function recordOf({ event, raw, reason, message, origin }: Undeliverable, { source }: SinkPlace, now: number) {
  return {
    trigger: source,
    sequence: 0,
    storedAt: now,
    diedAt: now,
    event,
    raw,
    dataOmitted: false,
    hops: 0,
    attempts: 0,
    firstFailedAt: undefined,
    failure: { reason, message },
    origin,
    deadLetter: undefined,
  };
}
