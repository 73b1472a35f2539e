import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Clock, sleep, systemClock } from "@rouse/base";
import { LogFault } from "../../errors.ts";
import { holdOpen } from "./hold-open.ts";
import { endOrphan, ownerFile } from "./nats-server-orphan.ts";

/** Options of {@link startNatsServer}. */
export interface NatsServerOptions {
  /** The program; see findNatsServer. */
  readonly binary: string;
  /** Its folder, made with mode 0700: data, configuration, log and pid. */
  readonly storeDir: string;
  /** Default 0: a free one, kept over restarts. */
  readonly port?: number;
  /** Default `rouse`. */
  readonly user?: string;
  /** Default: random. */
  readonly password?: string;
  /** Aborting kills it at once. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** How long it may take until it accepts, milliseconds; default 20,000. */
  readonly startTimeoutMs?: number;
}

/**
 * A nats-server of ours on the loopback address, with JetStream. It gets SIGTERM when our process exits without having
 * disposed of it. States: running ⇄ killed → closed.
 */
export interface NatsServer extends AsyncDisposable {
  /** Without credentials. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly port: number;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Resolves when the present process has ended, with how. */
  readonly exited: Promise<string>;
  /** Sends a signal (default SIGKILL) and waits until it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again over the same data on the same port, after ending it with SIGTERM when it still runs. */
  restart(): Promise<void>;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<string>;
}

const pollMs = 3;
const endTimeoutMs = 10_000;

/**
 * Starts a nats-server and resolves when it accepts connections. One left over by a killed predecessor in the same
 * folder is ended first: two on one folder would ruin the data. Throws NATS_SERVER_FAILED with its last log lines, or
 * when the predecessor lives.
 */
export function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  return holdOpen(() => openNatsServer(options));
}

async function openNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const clock = options.clock ?? systemClock;
  const user = options.user ?? "rouse";
  const password = options.password ?? randomBytes(24).toString("base64url");
  let port = options.port ?? 0;
  await mkdir(options.storeDir, { recursive: true, mode: 0o700 });
  await chmod(options.storeDir, 0o700);
  await endOrphan(options.storeDir, clock);
  await writeFile(ownerFile(options.storeDir), `${process.pid}\n`, { mode: 0o600 });
  const start = async (): Promise<Running> => {
    const running = await launch(options, configuration(options.storeDir, port, user, password));
    try {
      port = await readyPort(options, running, clock);
      return running;
    } catch (failure) {
      running.child.kill("SIGKILL");
      await running.exited;
      throw failure;
    }
  };
  let running: Running | undefined = await start();
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    const ending = running;
    if (!ending) return;
    ending.child.kill(signal);
    const hard = clock.setTimer(endTimeoutMs, () => void ending.child.kill("SIGKILL"));
    await ending.exited;
    hard.cancel();
    if (running === ending) running = undefined;
  };
  const onAbort = () => void kill("SIGKILL");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  return {
    user,
    password,
    get url() {
      return `nats://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    get pid() {
      return running?.child.exitCode === null && running.child.signalCode === null ? running.child.pid : undefined;
    },
    get exited() {
      return running?.exited ?? Promise.resolve("not running");
    },
    kill,
    restart: () =>
      holdOpen(async () => {
        await kill("SIGTERM");
        running = await start();
      }),
    async [Symbol.asyncDispose]() {
      options.signal?.removeEventListener("abort", onAbort);
      await kill("SIGTERM");
    },
  };
}

function configuration(storeDir: string, port: number, user: string, password: string): string {
  const quoted = (text: string) => JSON.stringify(text);
  return [
    `listen: ${quoted(`127.0.0.1:${port === 0 ? -1 : port}`)}`,
    `ports_file_dir: ${quoted(storeDir)}`,
    `pid_file: ${quoted(join(storeDir, "nats-server.pid"))}`,
    `jetstream { store_dir: ${quoted(storeDir)} }`,
    `authorization { user: ${quoted(user)}, password: ${quoted(password)} }`,
    "",
  ].join("\n");
}

async function launch({ binary, storeDir }: NatsServerOptions, text: string): Promise<Running> {
  const config = join(storeDir, "nats-server.conf");
  await rm(config, { force: true });
  await writeFile(config, text, { mode: 0o600 });
  const log = await open(logFile(storeDir), "w", 0o600);
  // A process group of its own: Ctrl-C in a terminal is for us, who drain first.
  const stdio = ["ignore" as const, log.fd, log.fd];
  const child = spawn(binary, ["-c", config], { stdio, env: {}, cwd: storeDir, detached: true });
  const exited = once(child, "exit").then(
    ([code, signal]) => (signal === null ? `exit code ${code}` : `signal ${signal}`),
    (failure: Error) => failure.message,
  );
  endWithUs(child);
  await log.close();
  return { child, exited };
}

/** Its process group of its own makes it outlive us, also when we exit without time to end it in order. */
function endWithUs(child: ChildProcess): void {
  const end = () => void child.kill("SIGTERM");
  const forget = () => void process.off("exit", end);
  process.on("exit", end);
  child.once("exit", forget);
  child.once("error", forget);
}

/** Waits for the file in which the server tells its port once it accepts. */
async function readyPort(options: NatsServerOptions, { child, exited }: Running, clock: Clock): Promise<number> {
  const { binary, storeDir, startTimeoutMs = 20_000 } = options;
  let ended: string | undefined;
  void exited.then((how) => {
    ended = how;
  });
  const until = clock.monotonic() + startTimeoutMs;
  while (ended === undefined && clock.monotonic() < until) {
    const port = await portOf(join(storeDir, `${basename(binary)}_${child.pid}.ports`));
    if (port !== undefined) return port;
    await sleep(clock, pollMs);
  }
  const lines = (await readFile(logFile(storeDir), "utf8").catch(() => "")).trim().split("\n").slice(-8).join("\n");
  const what = ended === undefined ? `it did not within ${startTimeoutMs} ms` : `it ended with ${ended}`;
  throw new LogFault("NATS_SERVER_FAILED", `expected ${binary} to accept connections, ${what}:\n${lines}`, {
    hint: `the whole log is in ${logFile(storeDir)}`,
  });
}

async function portOf(file: string): Promise<number | undefined> {
  try {
    const ports = JSON.parse(await readFile(file, "utf8")) as { readonly nats?: readonly string[] };
    const url = ports.nats?.[0];
    if (url === undefined) return undefined;
    await rm(file, { force: true });
    return Number(new URL(url).port);
  } catch {
    return undefined;
  }
}

function logFile(storeDir: string): string {
  return join(storeDir, "nats-server.log");
}
