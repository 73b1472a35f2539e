import { Fault } from "@rouse/base";

/** What this package throws; stable, documented in the reference of errors. */
export type TriggerFaultCode =
  /** A target was given to something that cannot post to its kind. */
  "TRIGGER_TARGET_UNSUPPORTED";

/** Thrown for mistakes in wiring; nothing that a subscriber or a filter does throws. */
export class TriggerFault extends Fault<TriggerFaultCode> {}
