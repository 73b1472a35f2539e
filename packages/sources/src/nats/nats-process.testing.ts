import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { connect, type NatsConnection } from "@nats-io/transport-node";

/** A nats-server program of this machine. */
export interface NatsProgram {
  readonly binary: string;
  /** As the program says it: `2.9.10`. */
  readonly version: string;
}

const installHint =
  "no nats-server found: put one on PATH, name it in ROUSE_NATS_SERVER, or unpack it to ~/.cache/rouse/nats-server/<version>/nats-server";

/** Every distinct version of nats-server on this machine; with `CI=true` there must be one. */
export async function natsPrograms(): Promise<readonly NatsProgram[]> {
  const { ROUSE_NATS_SERVER: named, ROUSE_CACHE, XDG_CACHE_HOME, PATH = "" } = process.env;
  const cache = join(ROUSE_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "rouse"), "nats-server");
  const cached = await readdir(cache).catch(() => []);
  const places = [
    ...(named ? [named] : []),
    ...PATH.split(delimiter).map((folder) => join(folder, "nats-server")),
    ...cached.map((entry) => join(cache, entry, "nats-server")),
  ];
  const found = new Map<string, NatsProgram>();
  for (const binary of places) {
    const version = await versionOf(binary);
    if (version !== undefined && !found.has(version)) found.set(version, { binary, version });
  }
  if (found.size === 0 && process.env.CI === "true") throw new Error(installHint);
  return [...found.values()];
}

/** A nats-server with JetStream of a test's own, that can be killed and started again on the same port and data. */
export class NatsProcess implements AsyncDisposable {
  readonly url: string;
  readonly user = "app";
  readonly password = "right";
  private readonly binary: string;
  private readonly folder: string;
  private readonly port: number;
  private child: ChildProcess | undefined;
  private readonly killAtExit = (): void => void this.child?.kill("SIGKILL");

  private constructor(binary: string, folder: string, port: number) {
    this.binary = binary;
    this.folder = folder;
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
  }

  static async start({ binary }: NatsProgram): Promise<NatsProcess> {
    const folder = await mkdtemp(join(tmpdir(), "rouse-nats-source-"));
    const server = new NatsProcess(binary, folder, await freePort());
    const user = (name: string, permissions = "") =>
      `{ user: ${name}, password: ${server.password}${permissions && `, permissions: ${permissions}`} }`;
    await writeFile(
      join(folder, "nats.conf"),
      [
        `listen: "127.0.0.1:${server.port}"`,
        `jetstream { store_dir: "${folder}" }`,
        `authorization { users: [${user(server.user)}, ${user("restricted", '{ subscribe: { deny: "secret.>" } }')}] }`,
      ].join("\n"),
    );
    process.once("exit", server.killAtExit);
    await server.run();
    return server;
  }

  /** A connection of the test's, which closes it. */
  connect(): Promise<NatsConnection> {
    const again = { maxReconnectAttempts: -1, reconnectTimeWait: 50 };
    return connect({ servers: this.url, user: this.user, pass: this.password, ...again });
  }

  /** Starts it again after {@link kill}; resolves when it accepts connections. */
  async run(): Promise<void> {
    const child = spawn(this.binary, ["-c", join(this.folder, "nats.conf")], { stdio: ["ignore", "ignore", "pipe"] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      let log = "";
      child.stderr?.on("data", (chunk: Buffer) => {
        log += chunk;
        if (log.includes("Server is ready")) resolve();
      });
      child.once("exit", () => reject(new Error(`nats-server ended: ${log}`)));
    });
  }

  async kill(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child) return;
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.killAtExit);
    await this.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function versionOf(binary: string): Promise<string | undefined> {
  try {
    await access(binary, constants.X_OK);
    const { stdout } = await promisify(execFile)(binary, ["--version"], { timeout: 5_000 });
    return /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address ? address.port : 0;
}
