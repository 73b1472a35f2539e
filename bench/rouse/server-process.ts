import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultConfig, type RunningServer, startServer } from "@rouse/server";
import { answerCalls } from "../child.ts";
import type { NatsAddress } from "../nats.ts";
import { type ColdStart, watchColdStarts } from "./cold-starts.ts";

/** What the server is started with. */
export interface RouseOrder {
  readonly nats: NatsAddress;
  readonly dataDir: string;
  /** Where services run. */
  readonly workdir: string;
  /** Note the moments of cold starts of services that run this program. */
  readonly coldStarts: string | undefined;
}

/** What this process answers to. */
export type RouseMethods = {
  start: (order: RouseOrder) => Promise<{ dataPlane: string; admin: string }>;
  usage: (argument: undefined) => { cpuMs: number; rssMb: number };
  /** The cold starts since the last time this was asked. */
  coldStarts: (argument: undefined) => readonly ColdStart[];
};

let server: RunningServer | undefined;
let taken: () => readonly ColdStart[] = () => [];

async function start({
  coldStarts,
  dataDir,
  nats,
  workdir,
}: RouseOrder): Promise<{ dataPlane: string; admin: string }> {
  const watch = coldStarts ? watchColdStarts(coldStarts) : undefined;
  const secretKeyFile = join(dataDir, "secret-key");
  await writeFile(secretKeyFile, randomBytes(32), { mode: 0o600 });
  server = await startServer({
    ...defaultConfig,
    dataDir: join(dataDir, "rouse"),
    workdirBase: workdir,
    storage: { kind: "nats", access: { servers: [nats.url], user: nats.user, password: nats.password } },
    dataPlane: { host: "127.0.0.1", port: 0 },
    admin: { host: "127.0.0.1", port: 0 },
    secretKeyFile,
    drainMs: 1_000,
  });
  if (watch) taken = watch(server);
  return { dataPlane: server.info.dataPlane, admin: server.info.admin };
}

answerCalls(
  {
    start,
    usage: () => {
      const { system, user } = process.cpuUsage();
      return { cpuMs: (system + user) / 1_000, rssMb: process.memoryUsage.rss() / 2 ** 20 };
    },
    coldStarts: () => taken(),
  } satisfies RouseMethods,
  async () => server?.[Symbol.asyncDispose](),
);
