import { Fault } from "@rouse/base";

/** Why the log, or the server it is kept on, could not do what was asked. */
export type LogFaultCode =
  /** The server cannot be reached, did not answer in time, or has no such stream: whether a write was stored is unknown. */
  | "LOG_UNAVAILABLE"
  /** A limit is reached and the stream refuses new messages. */
  | "LOG_FULL"
  /** Headers and data together are larger than the engine takes. */
  | "LOG_MESSAGE_TOO_LARGE"
  /** A message was written by a newer version, in a format that this one does not read. */
  | "LOG_FORMAT_NEWER"
  /** The server refused a stream, a cursor or a write, and repeating will not help. */
  | "LOG_REFUSED"
  /** No nats-server program was found. */
  | "NATS_SERVER_NOT_FOUND"
  /** The nats-server program ended, or did not get ready, when it was started. */
  | "NATS_SERVER_FAILED"
  /** The first connection to a NATS server failed. */
  | "NATS_CONNECTION_FAILED";

/** A failure of the log. A write that failed with LOG_UNAVAILABLE may be repeated with the same message id. */
export class LogFault extends Fault<LogFaultCode> {}
