import childProcess from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { RunningServer } from "@rouse/server";
import { type Answer, answerHeader, readAnswer } from "../serving/program.ts";
import { type EngineCall, watchEngineCalls } from "./engine-calls.ts";
import { machineNow } from "./machine-now.ts";

/** The moments of one attempt, in milliseconds of the machine's monotonic clock, which all processes share. */
export interface Delivery {
  /** The last request with an event has come in. */
  readonly received: number;
  /** JetStream has acknowledged it. */
  readonly stored: number;
  /** The router has matched it. */
  readonly routed: number;
  /** The last process was about to be spawned. */
  readonly spawned: number;
  /** The event was about to be sent to the instance; NaN when it was not. */
  readonly dispatched: number;
  readonly attempt: number;
  readonly verdict: string;
  /** How the instance was found. */
  readonly instance: string | undefined;
  /** What the instance said, if it is one of ours. */
  readonly answer: Answer | undefined;
  /** Calls of the container engine since the event came in. */
  readonly calls: readonly EngineCall[];
}

/** What to note. */
export interface DeliveryWatch {
  /** Note the spawns of this program. */
  readonly program?: string;
  /** Note the calls of the container engine behind this socket. */
  readonly socketPath?: string;
}

/** Notes of deliveries, one at a time. */
export interface Deliveries {
  /** The attempts since this was called last. */
  taken(): readonly Delivery[];
  /** The same, once there is one. */
  next(): Promise<readonly Delivery[]>;
  /** The engine is asked nothing at present. */
  quiet(): boolean;
}

/** Notes deliveries, whose moments are right when events come one at a time; to be called before the server is started. */
export function watchDeliveries({ program, socketPath }: DeliveryWatch): (server: RunningServer) => Deliveries {
  let [received, stored, routed, spawned] = [0, 0, 0, 0];
  let answer: Answer | undefined;
  let done: Delivery[] = [];
  const waiting: (() => void)[] = [];
  const engine = socketPath === undefined ? undefined : watchEngineCalls(socketPath);
  if (program !== undefined) {
    watchSpawns(program, () => {
      spawned = machineNow();
    });
  }
  subscribe("http.server.request.start", (message) => {
    const { request } = message as { request: IncomingMessage };
    if (request.headers["ce-id"] !== undefined) received = machineNow();
  });
  subscribe("undici:request:headers", (message) => {
    const value = headerOf((message as { response: { headers: readonly Uint8Array[] } }).response.headers);
    if (value !== undefined) answer = readAnswer(value);
  });
  return (server) => {
    server.onTail(({ attempt = 0, kind, note, verdict = "" }) => {
      if (kind === "stored") stored = machineNow();
      if (kind === "routed") routed = machineNow();
      if (kind !== "attempt") return;
      const dispatched = machineNow() - (note?.responseMs ?? Number.NaN);
      const calls = engine?.since(received) ?? [];
      const instance = note?.instance;
      done.push({ received, stored, routed, spawned, dispatched, attempt, verdict, instance, answer, calls });
      answer = undefined;
      for (const tell of waiting.splice(0)) tell();
    });
    const taken = () => {
      const all = done;
      done = [];
      return all;
    };
    return {
      taken,
      // Not looked for every few milliseconds: that would take from the time that is measured.
      async next() {
        if (done.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
        return taken();
      },
      quiet: () => !engine?.busy(),
    };
  };
}

function watchSpawns(program: string, tell: () => void): void {
  const { spawn } = childProcess;
  childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
    if (args[0] === program) tell();
    return spawn(...args);
  }) as typeof spawn;
  syncBuiltinESMExports();
}

/** Names and values in turn. */
function headerOf(headers: readonly Uint8Array[]): string | undefined {
  const at = headers.findIndex(
    (name, at) => at % 2 === 0 && Buffer.from(name).toString().toLowerCase() === answerHeader,
  );
  return at < 0 ? undefined : Buffer.from(headers[at + 1]!).toString();
}
