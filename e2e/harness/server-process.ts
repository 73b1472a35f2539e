import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BrokerTiming } from "@rouse/broker";
import type { StorageConfig } from "@rouse/server";
import type { NatsAddress } from "./nats.ts";
import type { ProcessConfig, ReadyLine } from "./server-config.ts";

/** How a server process is started. */
export interface ServerProcessOptions {
  /** Default: the memory engine. */
  readonly nats?: NatsAddress;
  /** `<point>[:n]`: SIGKILL when that point is reached for the n-th time. */
  readonly fault?: string;
  readonly drainMs?: number;
  /** Default: that of a server. */
  readonly brokerTiming?: Partial<BrokerTiming>;
  /** Default: free ones, kept over restarts. */
  readonly ports?: { readonly dataPlane: number; readonly admin: number };
  /** Socket of the container engine; default: what a server finds. */
  readonly containerSocket?: string;
  /** Numbers of the user and group that it runs as; default: those of the test. */
  readonly user?: number;
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** rouse in a process of its own. States: running ⇄ ended → disposed (killed, its folder removed). */
export interface ServerProcess extends AsyncDisposable {
  readonly dataPlane: string;
  readonly admin: string;
  readonly pid: number;
  /** For manifests' workdirs and for files of the test. */
  readonly dataDir: string;
  /** What it wrote to stderr, all runs. */
  readonly stderr: () => string;
  readonly running: boolean;
  /** How often it was ended by SIGKILL, from inside or outside. */
  readonly kills: number;
  /** Resolves when the present run ends. */
  readonly ended: Promise<Ended>;
  /** The URL of a broker. */
  broker(name?: string, namespace?: string): string;
  signal(signal: NodeJS.Signals): void;
  /** Ends it and waits for the end; default SIGKILL. */
  kill(signal?: NodeJS.Signals): Promise<Ended>;
  /** Starts it again on the same ports, killing it first when it still runs. */
  restart(options?: { readonly fault?: string }): Promise<void>;
}

const program = fileURLToPath(new URL("../dist/harness/server-main.js", import.meta.url));
const readyMs = 20_000;
/** One for all processes of a test file: those that share a NATS share it too. */
const sealingKey = randomBytes(32);

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts rouse and resolves when it answers; rejects with what it wrote when it does not. */
export async function startServerProcess(options: ServerProcessOptions = {}): Promise<ServerProcess> {
  if (!existsSync(program)) throw new Error(`expected ${program}: build first, npx tsc -b`);
  const dataDir = await mkdtemp(join(tmpdir(), "rouse-e2e-"));
  const ports = options.ports ?? { dataPlane: await freePort(), admin: await freePort() };
  const secretKeyFile = join(dataDir, "secret.key");
  await writeFile(secretKeyFile, sealingKey, { mode: 0o600 });
  const { user } = options;
  if (user !== undefined) for (const path of [dataDir, secretKeyFile]) await chown(path, user, user);
  let written = "";
  let kills = 0;
  const start = async (fault: string | undefined): Promise<Run> => {
    const config: ProcessConfig = {
      storage: storageOf(options.nats),
      dataDir,
      workdirBase: dataDir,
      dataPlanePort: ports.dataPlane,
      adminPort: ports.admin,
      secretKeyFile,
      ...(options.drainMs === undefined ? {} : { drainMs: options.drainMs }),
      ...(options.brokerTiming === undefined ? {} : { brokerTiming: options.brokerTiming }),
      ...(options.containerSocket === undefined ? {} : { containerSocket: options.containerSocket }),
    };
    const env = { ...process.env, ROUSE_CONFIG: JSON.stringify(config), ROUSE_FAULT: fault ?? "", NODE_OPTIONS: "" };
    const identity = user === undefined ? {} : { uid: user, gid: user };
    const child = spawn(process.execPath, [program], { env, stdio: ["ignore", "pipe", "pipe"], ...identity });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      written = (written + text).slice(-100_000);
    });
    const ended = once(child, "exit").then(([code, signal]): Ended => {
      if (signal === "SIGKILL") kills += 1;
      return { code, signal };
    });
    const run = { child, ended };
    // A fault may end it before it says anything: that is a run too.
    const ready = await Promise.race([readyLine(child), ended]);
    if ("signal" in ready && !(fault && ready.signal === "SIGKILL")) {
      throw new Error(`the server did not start: ${JSON.stringify(ready)}\n${written.slice(-4_000)}`);
    }
    return run;
  };
  let run: Run;
  try {
    run = await start(options.fault);
  } catch (failure) {
    await rm(dataDir, { recursive: true, force: true });
    throw failure;
  }
  const isRunning = () => run.child.exitCode === null && run.child.signalCode === null;
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<Ended> => {
    if (isRunning()) run.child.kill(signal);
    return run.ended;
  };
  return {
    dataPlane: `http://127.0.0.1:${ports.dataPlane}`,
    admin: `http://127.0.0.1:${ports.admin}`,
    dataDir,
    get pid() {
      return run.child.pid ?? 0;
    },
    get running() {
      return isRunning();
    },
    get kills() {
      return kills;
    },
    get ended() {
      return run.ended;
    },
    stderr: () => written,
    broker: (name = "default", namespace = "default") => `http://127.0.0.1:${ports.dataPlane}/${namespace}/${name}`,
    signal: (signal) => void run.child.kill(signal),
    kill,
    async restart(again = {}) {
      await kill();
      run = await start(again.fault);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function storageOf(nats: NatsAddress | undefined): StorageConfig {
  if (nats === undefined) return { kind: "memory" };
  return { kind: "nats", access: { servers: [nats.url], user: nats.user, password: nats.password } };
}

async function readyLine(child: ChildProcess): Promise<ReadyLine> {
  const timer = setTimeout(() => child.kill("SIGKILL"), readyMs);
  for await (const line of createInterface({ input: child.stdout! })) {
    clearTimeout(timer);
    return JSON.parse(line) as ReadyLine;
  }
  clearTimeout(timer);
  return new Promise<never>(() => undefined);
}

/** A port that was free a moment ago, below those that the system gives to outgoing connections. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    server.listen(port, "127.0.0.1");
    const isFree = await Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false),
    ]).catch(() => false);
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
