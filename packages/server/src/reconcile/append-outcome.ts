import { messageOf } from "@rouse/base";
import { type AppendOptions, BrokerFault, LogFault } from "@rouse/broker";
import type { CloudEvent } from "@rouse/events";
import type { SinkAnswer } from "@rouse/sources";
import type { OpenBroker } from "./open-brokers.ts";

const retryMs = 1_000;

/** Appends, and says what became of it; what can never be stored is told apart from what cannot be stored now. */
export async function appendOutcome(
  broker: OpenBroker,
  event: CloudEvent,
  options: AppendOptions,
): Promise<SinkAnswer> {
  try {
    const { duplicate, handle } = await broker.append(event, options);
    return { kind: "stored", duplicate, handle };
  } catch (failure) {
    const reason = messageOf(failure);
    if (failure instanceof BrokerFault) {
      if (failure.code === "BROKER_EVENT_TOO_LARGE" || failure.code === "BROKER_TOO_MANY_HOPS") {
        return { kind: "refused", reason };
      }
      return { kind: "unavailable", reason, retryAfterMs: failure.retryAfterMs ?? retryMs };
    }
    if (failure instanceof LogFault && failure.code === "LOG_MESSAGE_TOO_LARGE") return { kind: "refused", reason };
    return { kind: "unavailable", reason, retryAfterMs: retryMs };
  }
}
