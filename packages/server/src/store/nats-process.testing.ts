import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { findNatsServer, type NatsServer, startNatsServer } from "@rouse/broker";

/** The nats-server that tests use, if there is one. */
export const natsBinary = (await findNatsServer(process.env))?.binary;

/** False where tests on a real server are skipped; with `CI=true` a missing server is a failure instead. */
export const natsExpected = natsBinary !== undefined || process.env.CI === "true";

/** A nats-server of a test's own, that can be killed and started again on the same port and data. */
export class NatsProcess implements AsyncDisposable {
  private readonly server: NatsServer;
  private readonly folder: string;

  private constructor(server: NatsServer, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  static async start(): Promise<NatsProcess> {
    if (natsBinary === undefined)
      throw new Error("no nats-server found: put one on PATH or name it in ROUSE_NATS_SERVER");
    const folder = await mkdtemp(join(tmpdir(), "rouse-store-"));
    return new NatsProcess(await startNatsServer({ binary: natsBinary, storeDir: folder }), folder);
  }

  /** A connection that never gives up; the test closes it. */
  connect(): Promise<NatsConnection> {
    const { port, user, password: pass } = this.server;
    const again = { maxReconnectAttempts: -1, reconnectTimeWait: 50 };
    return connect({ servers: `127.0.0.1:${port}`, user, pass, ...again });
  }

  kill(): Promise<void> {
    return this.server.kill();
  }

  /** Starts it again after {@link kill}. */
  run(): Promise<void> {
    return this.server.restart();
  }

  /** Removes all that JetStream stored; to be called between kill and run. */
  wipe(): Promise<void> {
    return rm(join(this.folder, "jetstream"), { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
