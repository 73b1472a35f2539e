/** What the reply subject of a delivered message says about it. */
export interface AckSubject {
  readonly deliveries: number;
  readonly sequence: number;
  /** Wall time of storage, milliseconds since the epoch. */
  readonly storedAt: number;
  readonly pending: number;
}

/** Whether a reply subject belongs to a delivered message; status messages have none. */
export function isAckSubject(reply: string | undefined): reply is string {
  return reply?.startsWith("$JS.ACK.") === true;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<time>.<pending>`. Newer servers put
 * a domain and an account before the stream, and may put more behind.
 */
export function parseAckSubject(reply: string): AckSubject {
  const tokens = reply.split(".");
  const first = tokens.length > 9 ? 6 : 4;
  return {
    deliveries: Number(tokens[first]),
    sequence: Number(tokens[first + 1]),
    storedAt: Math.floor(Number(tokens[first + 3]) / 1_000_000),
    pending: Number(tokens[first + 4]),
  };
}
