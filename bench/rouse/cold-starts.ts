import childProcess from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { RunningServer } from "@rouse/server";

/** The moments of one cold start, in milliseconds of the machine's monotonic clock, which all processes share. */
export interface ColdStart {
  /** The request with the event has come in. */
  readonly received: number;
  /** JetStream has acknowledged it. */
  readonly stored: number;
  /** The router has matched it. */
  readonly routed: number;
  /** The process is about to be spawned. */
  readonly spawned: number;
  /** The event is about to be sent to it. */
  readonly dispatched: number;
}

/** Milliseconds of the machine's monotonic clock. */
export function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Notes cold starts, which must come one at a time, of services whose command is `program`; to be called before the
 * server is started.
 */
export function watchColdStarts(program: string): (server: RunningServer) => () => readonly ColdStart[] {
  let [received, stored, routed, spawned] = [0, 0, 0, 0];
  let done: ColdStart[] = [];
  const { spawn } = childProcess;
  childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
    if (args[0] === program) spawned = machineNow();
    return spawn(...args);
  }) as typeof spawn;
  syncBuiltinESMExports();
  subscribe("http.server.request.start", (message) => {
    const { request } = message as { request: IncomingMessage };
    if (request.headers["ce-id"] !== undefined) received = machineNow();
  });
  return (server) => {
    server.onTail(({ kind, note }) => {
      if (kind === "stored") stored = machineNow();
      if (kind === "routed") routed = machineNow();
      if (kind !== "attempt" || note?.responseMs === undefined) return;
      done.push({ received, stored, routed, spawned, dispatched: machineNow() - note.responseMs });
    });
    return () => {
      const taken = done;
      done = [];
      return taken;
    };
  };
}
