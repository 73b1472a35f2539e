import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultConfig, type RunningServer, startServer } from "@rouse/server";
import { answerCalls } from "../child.ts";
import type { NatsAddress } from "../nats.ts";
import { type Deliveries, type Delivery, type DeliveryWatch, watchDeliveries } from "./deliveries.ts";

/** What the server is started with. */
export interface RouseOrder {
  readonly nats: NatsAddress;
  readonly dataDir: string;
  /** Where services run. */
  readonly workdir: string;
  /** Note deliveries. */
  readonly watch: DeliveryWatch | undefined;
}

/** What this process answers to. */
export type RouseMethods = {
  start: (order: RouseOrder) => Promise<{ dataPlane: string; admin: string }>;
  usage: (argument: undefined) => { cpuMs: number; rssMb: number };
  /** The attempts since the last time this was asked. */
  deliveries: (argument: undefined) => readonly Delivery[];
  /** The same, once there is one. */
  nextDeliveries: (argument: undefined) => Promise<readonly Delivery[]>;
  /** The container engine is asked nothing at present. */
  quiet: (argument: undefined) => boolean;
};

let server: RunningServer | undefined;
let deliveries: Deliveries | undefined;

async function start(order: RouseOrder): Promise<{ dataPlane: string; admin: string }> {
  const { dataDir, nats, workdir } = order;
  const watch = order.watch && watchDeliveries(order.watch);
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
    ...(order.watch?.socketPath !== undefined && { containerSocket: order.watch.socketPath }),
  });
  deliveries = watch?.(server);
  return { dataPlane: server.info.dataPlane, admin: server.info.admin };
}

answerCalls(
  {
    start,
    usage: () => {
      const { system, user } = process.cpuUsage();
      return { cpuMs: (system + user) / 1_000, rssMb: process.memoryUsage.rss() / 2 ** 20 };
    },
    deliveries: () => deliveries?.taken() ?? [],
    nextDeliveries: async () => (await deliveries?.next()) ?? [],
    quiet: () => deliveries?.quiet() ?? true,
  } satisfies RouseMethods,
  async () => server?.[Symbol.asyncDispose](),
);
