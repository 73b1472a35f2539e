import { Fault, type FaultOptions } from "@rouse/base";

/** Why a broker does not take an event, or has stopped. */
export type BrokerFaultCode =
  /** Headers and data are larger than the log takes, less the room that copies need. */
  | "BROKER_EVENT_TOO_LARGE"
  /** The event has been through as many brokers as it may. */
  | "BROKER_TOO_MANY_HOPS"
  /** Too many writes wait for the log. */
  | "BROKER_BUSY"
  /** The log is nearly full of events that no trigger has been asked about yet. */
  | "BROKER_LOG_PRESSURE"
  /** The broker is being closed. */
  | "BROKER_CLOSED";

/** A broker's refusal. Where `retryAfterMs` is set the same event may be taken later. */
export class BrokerFault extends Fault<BrokerFaultCode> {
  readonly retryAfterMs: number | undefined;

  constructor(code: BrokerFaultCode, message: string, options: FaultOptions & { readonly retryAfterMs?: number } = {}) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}
