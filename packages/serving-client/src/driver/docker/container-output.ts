import type { Readable } from "node:stream";
import type { Clock, Timer } from "@rouse/base";
import { LineSplitter } from "../process/line-splitter.ts";
import { LogFrames } from "./log-frames.ts";

/** After the end of a container its output counts as read when none came for this long: an engine may be busy in between. */
const quietMs = 2_000;
/** The rest of it is not waited for longer than this, however much still comes. */
const restMaxMs = 15_000;

/** Output that is being read. */
export interface FollowedOutput {
  /** Resolves when there is no more of it: the container has ended, or the engine is gone. Never rejects. */
  readonly ended: Promise<void>;
  /** To be called when the container has ended: resolves when what still comes of its output is read, after 15 s at most. Never rejects. */
  rest(): Promise<void>;
  /** Reads no further. */
  close(): void;
}

/**
 * Cuts what a container prints into lines. It comes from a stream that was attached before the start: what the engine keeps in
 * its log would spare that call, but loses lines where that log is begun anew while it is read.
 */
export function followOutput(
  stream: Readable,
  clock: Clock,
  line: (stream: "stdout" | "stderr", text: string) => void,
): FollowedOutput {
  let readAt = clock.monotonic();
  const splitters = {
    stdout: new LineSplitter((text) => line("stdout", text)),
    stderr: new LineSplitter((text) => line("stderr", text)),
  };
  const frames = new LogFrames((name, piece) => splitters[name].push(piece));
  const read = async () => {
    for await (const chunk of stream) {
      frames.push(chunk as Buffer);
      readAt = clock.monotonic();
    }
  };
  const ended = read()
    // The end of the container is told by another call: this one has nothing to add.
    .catch(() => {})
    .finally(() => {
      for (const splitter of Object.values(splitters)) splitter.end();
    });
  const rest = async () => {
    const from = clock.monotonic();
    let timer: Timer | undefined;
    const quiet = new Promise<void>((resolve) => {
      const look = () => {
        const until = Math.min(Math.max(from, readAt) + quietMs, from + restMaxMs);
        const leftMs = until - clock.monotonic();
        if (leftMs <= 0) resolve();
        else timer = clock.setTimer(leftMs, look);
      };
      look();
    });
    await Promise.race([ended, quiet]);
    timer?.cancel();
  };
  return { ended, rest, close: () => void stream.destroy() };
}
