import { join } from "node:path";
import type { RunningServer, ServerConfig, StorageConfig } from "@rouse/server";
import { AdminClient } from "../admin/client.ts";
import { dataFolder } from "../admin/endpoint.ts";
import { defineCommand } from "../command.ts";
import { type Context, wantsColor } from "../context.ts";
import { announce, claimDataFolder } from "../dev/data-folder.ts";
import { clearOwned, readOwned, writeOwned } from "../dev/owned-file.ts";
import { managedStorage, memoryStorage, type StorageChoice } from "../dev/storage-choice.ts";
import { DevSync } from "../dev/sync.ts";
import { Tally } from "../dev/tally.ts";
import { watchManifests } from "../dev/watch.ts";
import { usage } from "../errors.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { closingText, interruption } from "../interruption.ts";
import { readFiles } from "../manifest/files.ts";
import { address, list, namespaceOption, wholeNumber } from "../options.ts";
import { renderBanner } from "../render/banner.ts";
import { colored, plain } from "../render/paint.ts";
import { renderTime } from "../render/span.ts";
import { renderSummary } from "../render/summary.ts";
import { createTimelineRenderer } from "../render/timeline.ts";
import {
  type DataPlaneTokenOptions,
  dataPlaneToken,
  dataPlaneTokenOption,
  type SecretKeyOptions,
  secretKeyFiles,
  secretKeyOptions,
} from "../secret.ts";

type Address = ReturnType<typeof address>;

interface DevOptions extends DataPlaneTokenOptions, SecretKeyOptions {
  readonly filename?: readonly string[];
  readonly namespace: string;
  readonly fresh?: boolean;
  readonly memory?: boolean;
  readonly dataPlane?: Address;
  readonly admin?: Address;
  readonly untilDeliveries?: number;
  readonly quiet?: boolean;
}

export const devCommand = defineCommand<DevOptions>({
  name: "dev",
  summary: "run a server here, apply manifests and watch them",
  description:
    "Keeps its data in .rouse below the current folder: on a nats-server of its own when there is one (ROUSE_NATS_SERVER, PATH or cache), otherwise in memory. What disappears from a manifest is deleted; an empty or broken file changes nothing. Ctrl-C finishes what is in hand and ends; a second one ends at once.",
  options: [
    { flags: "-f, --filename <path...>", description: "manifest, or folder of YAML manifests (default: .)" },
    namespaceOption,
    { flags: "--fresh", description: "begin with an empty .rouse" },
    { flags: "--memory", description: "keep everything in memory" },
    {
      flags: "--data-plane <host:port>",
      description: "where events come in (default: 127.0.0.1:8080; port 0: any)",
      parse: address,
    },
    dataPlaneTokenOption,
    {
      flags: "--admin <host:port>",
      description: "admin listener (default: 127.0.0.1:8081; port 0: any)",
      parse: address,
    },
    ...secretKeyOptions,
    {
      flags: "--until-deliveries <number>",
      description: "end after so many successful deliveries",
      parse: wholeNumber(1),
    },
    { flags: "-q, --quiet", description: "no timeline" },
  ],
  examples: [
    "rouse dev",
    "rouse dev -f eventing/ --fresh",
    "rouse dev -f a.yaml -f b.yaml --memory --data-plane :9090",
  ],
  action: runDev,
});

async function runDev(_args: readonly string[], options: DevOptions, context: Context): Promise<ExitCode> {
  const { cwd, stdout, http, pid, clock } = context;
  const given = list(options.filename);
  const paths = given.length === 0 ? ["."] : given;
  if (paths.includes("-")) throw usage("standard input cannot be watched", "name a file or a folder");
  await readFiles(paths, { cwd });
  const dataDir = join(cwd, dataFolder);
  const { storage, told } = await chooseStorage(options, context);
  const config = await configOf(options, storage, dataDir, context);
  await claimDataFolder(dataDir, { fresh: options.fresh === true, http, pid });
  // What a server in memory was given before, it has forgotten.
  if (storage.kind === "memory") await clearOwned(dataDir);
  const { startServer } = await context.server();
  const server = await startServer(config);
  const timeline = watchTimeline(server, options, context);
  let closing: string | undefined;
  try {
    stdout.write(
      renderBanner(server.info, [
        ["storage", told],
        ["manifests", paths.join(", ")],
      ]),
    );
    const sync = await openSync(server, dataDir, paths, options, context);
    const changed = () => void sync.run();
    await using _watching = await watchManifests(paths, { cwd, clock, changed });
    await sync.run();
    await sync.settle(clock, context.interrupted);
    // Whoever waits for the file, or for the line, may send at once.
    const withdraw = await announce(dataDir, server.info.admin, pid);
    try {
      stdout.write(`${renderTime(clock.now())}  ready\n`);
      await using _troubles = sync.watchTroubles(clock);
      closing = await Promise.race([timeline.reached, interruption(context).then(() => closingText)]);
    } finally {
      await withdraw();
    }
  } finally {
    if (closing !== undefined) stdout.write(`${closing}\n`);
    await server[Symbol.asyncDispose]();
    timeline.stop();
  }
  stdout.write(`\n${renderSummary(timeline.tally.totals)}`);
  return exitCodes.ok;
}

async function chooseStorage({ memory }: DevOptions, context: Context): Promise<StorageChoice> {
  if (memory) return memoryStorage("");
  const { findNatsServer } = await context.server();
  const found = await findNatsServer(context.env);
  return found ? managedStorage(found, dataFolder) : memoryStorage(" (no nats-server on PATH)");
}

async function configOf(
  options: DevOptions,
  storage: StorageConfig,
  dataDir: string,
  context: Context,
): Promise<ServerConfig> {
  const { defaultConfig } = await context.server();
  const token = await dataPlaneToken(options, context);
  return {
    ...defaultConfig,
    dataDir,
    workdirBase: context.cwd,
    storage,
    dataPlane: options.dataPlane ?? defaultConfig.dataPlane,
    ...(token === undefined ? {} : { dataPlaneToken: token }),
    ...secretKeyFiles(options, context),
    admin: options.admin ?? defaultConfig.admin,
    watchWorkdirs: true,
    logLevel: "error",
  };
}

interface WatchedTimeline {
  readonly tally: Tally;
  /** Resolves with what to say when there were as many deliveries as were asked for. */
  readonly reached: Promise<string>;
  stop(): void;
}

/** Prints what happens, counts it, and notices when it is enough. */
function watchTimeline(server: RunningServer, options: DevOptions, context: Context): WatchedTimeline {
  const { stdout } = context;
  const tally = new Tally();
  const renderer = createTimelineRenderer(wantsColor(context, stdout) ? colored : plain);
  let enough: (closing: string) => void = () => undefined;
  const reached = new Promise<string>((resolve) => {
    enough = resolve;
  });
  const stop = server.onTail((line) => {
    const delivery = tally.add(line);
    if (!options.quiet) stdout.write(renderer.render(line));
    const { deliveries } = tally.totals;
    if (delivery && deliveries === options.untilDeliveries) {
      enough(`${deliveries} ${deliveries === 1 ? "delivery" : "deliveries"}: finishing`);
    }
  });
  return { tally, reached, stop };
}

async function openSync(
  server: RunningServer,
  dataDir: string,
  paths: readonly string[],
  options: DevOptions,
  context: Context,
): Promise<DevSync> {
  const { stdout, stderr, clock, cwd, http } = context;
  const { domainChecks } = await context.server();
  const endpoint = { url: server.info.admin, token: server.token, ca: server.certificate };
  return new DevSync({
    client: new AdminClient(http, endpoint),
    checks: domainChecks,
    paths,
    cwd,
    namespace: options.namespace,
    owned: await readOwned(dataDir),
    save: (owned) => writeOwned(dataDir, owned),
    done: (what) => stdout.write(`${renderTime(clock.now())}  ${what}\n`),
    wrong: (what) => stderr.write(`${what}\n`),
  });
}
