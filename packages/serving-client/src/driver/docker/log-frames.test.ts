import fc from "fast-check";
import { expect, test } from "vitest";
import { LogFrames } from "./log-frames.ts";

function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function read(chunks: readonly Buffer[]): { stdout: string; stderr: string } {
  const seen = { stdout: "", stderr: "" };
  const frames = new LogFrames((stream, piece) => {
    seen[stream] += piece.toString("latin1");
  });
  for (const chunk of chunks) frames.push(chunk);
  return seen;
}

test("log frames: both outputs come apart wherever the stream is cut", () => {
  const bytes = Buffer.concat([frame(1, "out\n"), frame(2, "err\n"), frame(1, ""), frame(1, "more\n")]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (sizes) => {
      const chunks: Buffer[] = [];
      for (let at = 0, n = 0; at < bytes.length; n++) {
        const size = sizes[n % sizes.length] ?? 1;
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(read(chunks)).toEqual({ stdout: "out\nmore\n", stderr: "err\n" });
    }),
    { numRuns: 50 },
  );
});
