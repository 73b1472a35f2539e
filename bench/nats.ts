import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NatsServerBinary, startNatsServer } from "@rouse/broker";

/** How the processes of the bench reach NATS; plain data. */
export interface NatsAddress {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** A nats-server with an empty store. Disposing it ends it and removes the store. */
export interface FreshNats extends AsyncDisposable {
  readonly address: NatsAddress;
  /** Beside the store, for whoever else needs a folder; removed with it. */
  readonly folder: string;
  readonly pid: number;
}

/** Starts a nats-server over an empty folder, with file storage. */
export async function startFreshNats({ binary }: NatsServerBinary): Promise<FreshNats> {
  const folder = await mkdtemp(join(tmpdir(), "rouse-bench-"));
  const server = await startNatsServer({ binary, storeDir: join(folder, "nats") });
  const { password, pid, url, user } = server;
  return {
    address: { url, user, password },
    folder,
    pid: pid ?? -1,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
