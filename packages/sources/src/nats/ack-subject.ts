/** What the reply subject of a message from JetStream says. */
export interface AckSubject {
  /** How often it was delivered, this time included. */
  readonly delivered: number;
  readonly sequence: number;
  /** When it was stored, milliseconds since the epoch. */
  readonly time: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<consumer sequence>.<nanoseconds>.<pending>`, or the newer
 * form, which has the domain and the account before the stream and a token after the end; undefined for anything else.
 */
export function readAckSubject(reply: string | undefined): AckSubject | undefined {
  if (!reply?.startsWith("$JS.ACK.")) return undefined;
  const tokens = reply.split(".");
  const at = tokens.length >= 11 ? 6 : tokens.length === 9 ? 4 : undefined;
  if (at === undefined) return undefined;
  const [delivered, sequence, , nanos] = tokens.slice(at);
  return {
    delivered: Number(delivered),
    sequence: Number(sequence),
    time: Number(BigInt(nanos ?? "0") / 1_000_000n),
  };
}
