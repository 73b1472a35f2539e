/** Moments at which a test may end the process, to see that nothing is lost. */
export type FaultPoint =
  | "event-stored"
  | "after-direct-delivery"
  | "settled-before-ack"
  | "lane-copy-stored"
  | "durable-created"
  | "drained-seen"
  | "durable-deleted"
  | "lane-delivered"
  | "reply-stored";

/** Told of every such moment; does nothing in production. */
export type FaultHook = (point: FaultPoint) => void;
