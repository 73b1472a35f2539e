import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";

/** `ROUSE_NATS_SERVER`, PATH, or the project's cache. */
function findNatsProcess(): string | undefined {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "rouse", "nats-server");
  const cached = existsSync(cache) ? readdirSync(cache).map((version) => join(cache, version)) : [];
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...cached];
  const candidates = [process.env.ROUSE_NATS_SERVER ?? "", ...folders.map((folder) => join(folder, "nats-server"))];
  return candidates.find((path) => path !== "" && existsSync(path));
}

/** False where tests on a real server are skipped; with `CI=true` a missing server is a failure instead. */
export const natsExpected = findNatsProcess() !== undefined || process.env.CI === "true";

/** A nats-server of a test's own, that can be killed and started again on the same port and data. */
export class NatsProcess implements AsyncDisposable {
  readonly port: number;
  private readonly folder: string;
  private child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  static async start(): Promise<NatsProcess> {
    const server = new NatsProcess(await freePort(), await mkdtemp(join(tmpdir(), "rouse-store-")));
    await server.run();
    return server;
  }

  /** A connection that never gives up; the test closes it. */
  connect(): Promise<NatsConnection> {
    return connect({ servers: `127.0.0.1:${this.port}`, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  }

  async run(): Promise<void> {
    const flags = ["-a", "127.0.0.1", "-p", String(this.port), "-js", "-sd", this.folder];
    const child = spawn(findNatsProcess()!, flags, { stdio: ["ignore", "ignore", "pipe"] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      let text = "";
      child.stderr?.on("data", (chunk) => {
        text += String(chunk);
        if (text.includes("Server is ready")) resolve();
      });
      child.once("exit", (code) => reject(new Error(`nats-server ended with ${code}: ${text}`)));
    });
  }

  async kill(): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Removes all data; call it between kill and run. */
  wipe(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
