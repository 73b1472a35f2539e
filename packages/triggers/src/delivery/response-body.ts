import type { Readable } from "node:stream";

/** What was read of a body. */
export interface ReadBody {
  /** At most as many bytes as were asked for. */
  readonly bytes: Uint8Array;
  /** There was more than that. */
  readonly cut: boolean;
}

/** How much of a body that nobody wants is read, to keep the connection; a longer one costs the connection. */
const drainMax = 64 * 1024;

/**
 * Reads a response to its end, keeping the first `keepMax` bytes. One that is longer than both `keepMax` and what
 * draining is worth is cut off, and its connection closed. Rejects when the connection breaks or the request is aborted.
 */
export function readBody(body: Readable, keepMax: number): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const longest = Math.max(keepMax, drainMax);
    let length = 0;
    const finish = () => {
      const kept = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      resolve({ bytes: kept.subarray(0, keepMax), cut: length > keepMax });
    };
    body.on("data", (chunk: Buffer) => {
      if (length < keepMax) chunks.push(chunk);
      length += chunk.length;
      if (length <= longest) return;
      finish();
      body.destroy();
    });
    body.on("end", finish);
    // After a cut the stream complains of having been destroyed; the promise is settled by then.
    body.on("error", reject);
  });
}
