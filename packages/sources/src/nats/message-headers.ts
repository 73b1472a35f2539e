import type { MsgHdrs } from "@nats-io/transport-node";

/** The headers of a message as pairs, in their order, every value of a name that comes again. */
export function headersOf(headers: MsgHdrs | undefined): readonly (readonly [string, string])[] {
  if (headers === undefined) return [];
  const pairs: [string, string][] = [];
  for (const [name, values] of headers) {
    for (const value of values) pairs.push([name, value]);
  }
  return pairs;
}
