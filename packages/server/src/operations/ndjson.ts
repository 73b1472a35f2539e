import type { FastifyReply, FastifyRequest } from "fastify";

/** A subscription to lines: hands out each new one, and returns the way to stop. */
export type Follow<T> = (listener: (line: T) => void) => () => void;

const slowReaderBytes = 1 << 20;

/**
 * Answers with one JSON object a line: `past` first, then, when `follow` is given, every new line until the client goes.
 * A client that reads too slowly (1 MiB behind) is cut off rather than kept in memory.
 */
export function sendLines<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  past: readonly T[],
  follow: Follow<T> | undefined,
): void {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  response.flushHeaders();
  for (const line of past) response.write(`${JSON.stringify(line)}\n`);
  if (!follow) {
    response.end();
    return;
  }
  const stop = follow((line) => {
    response.write(`${JSON.stringify(line)}\n`);
    if (response.writableLength > slowReaderBytes) response.destroy();
  });
  request.raw.once("close", stop);
  response.once("close", stop);
}
