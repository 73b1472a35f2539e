import { Fault } from "@rouse/base";

/** Stable codes of what can go wrong in a source beyond what its status reports. */
export type SourceFaultCode =
  /** A source was made from a schedule that admission should have refused. */
  | "SOURCE_SCHEDULE_INVALID"
  /** The data of a source cannot be turned into bytes. */
  | "SOURCE_DATA_INVALID"
  /** The source was closed before or while it was used. */
  | "SOURCE_CLOSED";

/** The error of every source. */
export class SourceFault extends Fault<SourceFaultCode> {}
