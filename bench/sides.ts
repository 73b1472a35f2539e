import { Scope } from "@rouse/base";
import type { NatsServerBinary } from "@rouse/broker";
import type { BareMethods } from "./bare/pipeline.ts";
import { type Child, startChild } from "./child.ts";
import type { LoadMethods, LoadOrder, LoadResult } from "./load/load-process.ts";
import { type NatsAddress, startFreshNats } from "./nats.ts";
import { createObjects, type Manifest } from "./rouse/admin.ts";
import type { DeliveryWatch } from "./rouse/deliveries.ts";
import { benchBroker, matchedType } from "./rouse/manifests.ts";
import type { RouseMethods } from "./rouse/server-process.ts";

/** As the first line of packages/cli/bin/rouse.js starts Node. */
const asShipped = ["--max-semi-space-size=4"];

/** Something that takes events over HTTP and delivers them, with a nats-server and a process of its own. */
export interface Side extends AsyncDisposable {
  readonly name: string;
  /** Where events are posted to. */
  readonly url: string;
  usage(): Promise<{ readonly cpuMs: number; readonly rssMb: number }>;
}

/** A rouse server. */
export interface RouseSide extends Side {
  readonly admin: string;
  readonly nats: NatsAddress;
  readonly server: Child<RouseMethods>;
}

/** The process of load and subscribers. */
export interface Load extends AsyncDisposable {
  readonly sink: string;
  /** Runs one window; throws when an accepted event was lost. */
  run(side: Side, order: Omit<LoadOrder, "url" | "type">): Promise<LoadResult & { readonly cpuUs: number }>;
}

/** Starts the bare pipeline over a nats-server of its own. */
export function startBare(binary: NatsServerBinary, sink: string): Promise<Side> {
  return opened(async (scope) => {
    const nats = scope.use(await startFreshNats(binary));
    const child = scope.use(startChild<BareMethods>("./bare/pipeline.js", { profiled: true }));
    const url = await child.call("start", { nats: nats.address, sink: `${sink}/0` });
    return {
      name: "bare",
      url,
      usage: () => child.call("usage", undefined),
      [Symbol.asyncDispose]: () => scope.close(),
    };
  });
}

/** What a rouse side is started with. */
export interface RouseSideOptions {
  readonly name: string;
  readonly manifests: readonly Manifest[];
  /** Note deliveries. */
  readonly watch?: DeliveryWatch;
  /** Where services run; default: an empty folder. */
  readonly workdir?: string;
}

/** Starts a rouse server over a nats-server of its own and creates the objects. */
export function startRouse(binary: NatsServerBinary, options: RouseSideOptions): Promise<RouseSide> {
  return opened(async (scope) => {
    const nats = scope.use(await startFreshNats(binary));
    const server = scope.use(
      startChild<RouseMethods>("./rouse/server-process.js", { profiled: true, execArgv: asShipped }),
    );
    const { manifests, name, watch, workdir = nats.folder } = options;
    const order = { nats: nats.address, dataDir: nats.folder, workdir, watch };
    const { admin, dataPlane } = await server.call("start", order);
    await createObjects(admin, manifests);
    return {
      name,
      url: `${dataPlane}/default/${benchBroker}`,
      admin,
      nats: nats.address,
      server,
      usage: () => server.call("usage", undefined),
      [Symbol.asyncDispose]: () => scope.close(),
    };
  });
}

/** Opens something of several parts; when that fails, what is open already is closed. */
export async function opened<T>(open: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await open(scope);
  } catch (failure) {
    await scope.close().catch(() => undefined);
    throw failure;
  }
}

/** Starts the process that sends and receives. */
export async function startLoad(): Promise<Load> {
  const child = startChild<LoadMethods>("./load/load-process.js");
  const sink = await child.call("openSink", undefined);
  return {
    sink,
    async run(side, order) {
      const before = await side.usage();
      const result = await child.call("run", { ...order, url: side.url, type: matchedType });
      const after = await side.usage();
      const { accepted, lost, strays } = result;
      if (lost > 0 || strays > 0) {
        throw new Error(`${side.name}: ${lost} of ${accepted} accepted events lost, ${strays} went astray`);
      }
      if (accepted === 0) throw new Error(`${side.name}: no event was accepted, ${result.refused} refused`);
      const cpuUs = ((after.cpuMs - before.cpuMs) * 1_000) / (accepted * order.fan);
      return { ...result, cpuUs };
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
