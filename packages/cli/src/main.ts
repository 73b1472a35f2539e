import { randomUUID } from "node:crypto";
import { MessageChannel } from "node:worker_threads";
import { systemClock } from "@rouse/base";
import type { Context, Output } from "./context.ts";
import { Interrupted } from "./errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { renderFailure } from "./render/failure.ts";
import { runRouse } from "./rouse.ts";
import { createHttp } from "./undici-http.ts";

/** A signal that a terminal and a wrapper (npm run) both pass on comes twice within this time, and was meant once. */
const echoMs = 100;

/** Runs the process's own command line and ends the process with its exit code. */
export async function main(): Promise<void> {
  await using client = createHttp();
  stayAlive();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", endWithReader);
  process.on("uncaughtException", endWithFault);
  const interrupted = listenForSignals();
  const context: Context = {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    stdin: () => Promise.race([readAll(process.stdin), rejection(interrupted)]),
    env: process.env,
    cwd: process.cwd(),
    pid: process.pid,
    clock: systemClock,
    random: Math.random,
    uuid: randomUUID,
    http: client.http,
    server: () => import("@rouse/server"),
    interrupted,
  };
  const code = await runRouse(process.argv.slice(2), context);
  // The command has ended, whatever may still hold the loop.
  process.stdout.write("", () => process.exit(code));
}

/**
 * Timers of the clock do not keep a process alive. A command that waits for nothing else (for another process to end)
 * would end silently in the middle; so an open port holds the process until `main` ends it.
 */
function stayAlive(): void {
  new MessageChannel().port1.on("message", () => undefined);
}

function outputOf(stream: NodeJS.WriteStream): Output {
  return { write: (text) => void stream.write(text), isTTY: stream.isTTY === true };
}

function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      const now = systemClock.monotonic();
      if (firstAt === undefined) {
        firstAt = now;
        controller.abort(new Interrupted(name));
      } else if (now - firstAt > echoMs) {
        process.exit(name === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated);
      }
    });
  }
  return controller.signal;
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Whoever read the output has enough (`rouse tail | head`). */
function endWithReader(failure: NodeJS.ErrnoException): void {
  process.exit(failure.code === "EPIPE" ? exitCodes.ok : exitCodes.failure);
}

function endWithFault(failure: unknown): void {
  process.stderr.write(renderFailure(failure));
  process.exit(exitCodes.failure);
}
