import type { Readable } from "node:stream";
import { LineSplitter } from "../process/line-splitter.ts";
import { LogFrames } from "./log-frames.ts";

/** Output that is being read. */
export interface FollowedOutput {
  /** Resolves when there is no more of it: the container has ended, or the engine is gone. Never rejects. */
  readonly ended: Promise<void>;
  /** Reads no further. */
  close(): void;
}

/**
 * Cuts what a container prints into lines. It comes from a stream that was attached before the start: what the engine keeps in
 * its log would spare that call, but loses lines where that log is begun anew while it is read.
 */
export function followOutput(
  stream: Readable,
  line: (stream: "stdout" | "stderr", text: string) => void,
): FollowedOutput {
  const splitters = {
    stdout: new LineSplitter((text) => line("stdout", text)),
    stderr: new LineSplitter((text) => line("stderr", text)),
  };
  const frames = new LogFrames((name, piece) => splitters[name].push(piece));
  const read = async () => {
    for await (const chunk of stream) frames.push(chunk as Buffer);
  };
  const ended = read()
    // The end of the container is told by another call: this one has nothing to add.
    .catch(() => {})
    .finally(() => {
      for (const splitter of Object.values(splitters)) splitter.end();
    });
  return { ended, close: () => void stream.destroy() };
}
