import { Fault } from "@rouse/base";

/** Stable codes of what can go wrong in a source beyond what its status reports. */
export type SourceFaultCode =
  /** A source was made from a schedule that admission should have refused. */
  | "SOURCE_SCHEDULE_INVALID"
  /** The data of a source cannot be turned into bytes. */
  | "SOURCE_DATA_INVALID"
  /** The last tick could not be written because the record changed again and again. */
  | "SOURCE_LEDGER_CONFLICT";

/** The error of every source. */
export class SourceFault extends Fault<SourceFaultCode> {}
