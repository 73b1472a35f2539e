import type { Sink, SinkAnswer } from "@rouse/sources";
import { appendOutcome } from "./append-outcome.ts";
import type { OpenBrokers } from "./open-brokers.ts";

const missingRetryMs = 1_000;

/**
 * The ingress of a broker, in process. While the broker is not open, the sink is unavailable: the source keeps what it
 * has and asks again.
 * @param addressee with the internal log: the uid of the implicit trigger that the events are for.
 */
export function brokerSink(
  brokers: OpenBrokers,
  place: { readonly namespace: string; readonly broker: string },
  addressee: string | undefined,
): Sink {
  const { namespace, broker: name } = place;
  return {
    async append(event, messageId): Promise<SinkAnswer> {
      const broker = brokers.find(namespace, name);
      if (!broker) {
        const reason = `broker ${namespace}/${name} does not exist`;
        return { kind: "unavailable", reason, retryAfterMs: missingRetryMs };
      }
      return appendOutcome(broker, event, { messageId, ...(addressee === undefined ? {} : { addressee }) });
    },
    async idsSince(source, time) {
      return (await brokers.find(namespace, name)?.idsSince(source, time)) ?? new Set();
    },
  };
}
