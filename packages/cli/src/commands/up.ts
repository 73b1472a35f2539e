import { join, relative, resolve } from "node:path";
import type { NatsAccess, ServerConfig, ServerInfo } from "@rouse/server";
import { dataFolder } from "../admin/endpoint.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { announce, claimDataFolder } from "../dev/data-folder.ts";
import { managedStorage, memoryStorage, type StorageChoice } from "../dev/storage-choice.ts";
import { CliFault, usage } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { closingText, interruption } from "../interruption.ts";
import { address, list, oneOf } from "../options.ts";
import { renderBanner } from "../render/banner.ts";
import {
  type DataPlaneTokenOptions,
  dataPlaneToken,
  dataPlaneTokenOption,
  readSecret,
  type SecretKeyOptions,
  secretKeyFiles,
  secretKeyOptions,
} from "../secret.ts";

type Address = ReturnType<typeof address>;

interface UpOptions extends DataPlaneTokenOptions, SecretKeyOptions {
  readonly nats?: readonly string[];
  readonly natsUser?: string;
  readonly natsPasswordFile?: string;
  readonly natsTokenFile?: string;
  readonly natsCreds?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
  readonly memory?: boolean;
  readonly data: string;
  readonly dataPlane?: Address;
  readonly admin?: Address;
  readonly adminHost?: readonly string[];
  readonly adminInsecure?: boolean;
  readonly installation?: string;
  readonly logLevel: ServerConfig["logLevel"];
}

export const upCommand = defineCommand<UpOptions>({
  name: "up",
  summary: "run a server",
  description:
    "Keeps events in the JetStream of --nats, or of a nats-server of its own below --data; in memory only with --memory. The admin listener speaks TLS and wants a token: certificate and token are made in --data at first start, where the other commands find them. Logs go to stderr. SIGTERM finishes what is in hand; a second one ends at once.",
  options: [
    { flags: "--nats <url...>", description: "NATS servers, such as nats://nats:4222" },
    { flags: "--nats-user <name>", description: "user (ROUSE_NATS_USER)" },
    { flags: "--nats-password-file <file>", description: "file with the password (or ROUSE_NATS_PASSWORD)" },
    { flags: "--nats-token-file <file>", description: "file with the token (or ROUSE_NATS_TOKEN)" },
    { flags: "--nats-creds <file>", description: "credentials file" },
    { flags: "--nats-ca <file>", description: "certificate authority of the NATS servers" },
    { flags: "--nats-cert <file>", description: "client certificate" },
    { flags: "--nats-key <file>", description: "its key" },
    { flags: "--memory", description: "keep everything in memory: nothing survives a restart" },
    { flags: "--data <folder>", description: "what this process keeps", default: `./${dataFolder}` },
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
    { flags: "--admin-host <name...>", description: "names beside loopback under which the admin listener is reached" },
    { flags: "--admin-insecure", description: "plain HTTP without a token; on a loopback address only" },
    ...secretKeyOptions,
    { flags: "--installation <name>", description: "prefix of streams and buckets (default: rouse)" },
    {
      flags: "--log-level <level>",
      description: "silent, error, warn, info or debug",
      default: "info",
      parse: oneOf("silent", "error", "warn", "info", "debug"),
    },
  ],
  examples: [
    "rouse up --data /var/lib/rouse",
    "rouse up --nats nats://nats-1:4222 nats://nats-2:4222 --nats-creds rouse.creds",
    "rouse up --admin 0.0.0.0:8081 --admin-host rouse.example.com",
    "rouse up --data-plane 0.0.0.0:8080 --data-plane-token-file events.token",
  ],
  async action(_args, options, context) {
    const { cwd, pid, http, stdout, stderr } = context;
    const dataDir = resolve(cwd, options.data);
    const { storage, told } = await storageOf(options, context);
    const token = await dataPlaneToken(options, context);
    const { defaultConfig, startServer } = await context.server();
    await claimDataFolder(dataDir, { http, pid });
    const server = await startServer({
      ...defaultConfig,
      installation: options.installation ?? defaultConfig.installation,
      dataDir,
      workdirBase: cwd,
      storage,
      dataPlane: options.dataPlane ?? defaultConfig.dataPlane,
      ...(token === undefined ? {} : { dataPlaneToken: token }),
      ...secretKeyFiles(options, context),
      admin: options.admin ?? defaultConfig.admin,
      adminAccess: { kind: options.adminInsecure ? "open" : "token" },
      adminHosts: list(options.adminHost),
      logLevel: options.logLevel,
    });
    const withdraw = await announce(dataDir, server.info.admin, pid);
    try {
      stdout.write(
        renderBanner(server.info, [["storage", told], ...elsewhere(dataDir, server.info, options, context)]),
      );
      await interruption(context);
      stderr.write(`${closingText}\n`);
    } finally {
      await withdraw();
      await server[Symbol.asyncDispose]();
    }
    return exitCodes.ok;
  },
});

/** How other commands reach a server whose folder is not where they look. */
function elsewhere(
  dataDir: string,
  info: ServerInfo,
  options: UpOptions,
  { cwd }: Context,
): (readonly [string, string])[] {
  if (dataDir === join(cwd, dataFolder)) return [];
  const variables = [`ROUSE_SERVER=${info.admin}`];
  if (!options.adminInsecure)
    variables.push(`ROUSE_TOKEN_FILE=${join(dataDir, "token")}`, `ROUSE_CA_FILE=${join(dataDir, "admin.crt")}`);
  return [["reach it", `export ${variables.join(" ")}`]];
}

async function storageOf(options: UpOptions, context: Context): Promise<StorageChoice> {
  const servers = list(options.nats);
  if (servers.length > 0) {
    if (options.memory) throw usage("--nats and --memory exclude each other", "leave one of them out");
    return {
      storage: { kind: "nats", access: await natsAccess(servers, options, context) },
      told: `JetStream on ${servers.map(withoutSecrets).join(", ")}`,
    };
  }
  const extra = Object.keys(options).find((name) => name.startsWith("nats"));
  if (extra !== undefined) throw usage("options for NATS are given, and no NATS server", "add --nats URL");
  if (options.memory) return memoryStorage("");
  const { findNatsServer } = await context.server();
  const found = await findNatsServer(context.env);
  if (found) return managedStorage(found, relative(context.cwd, resolve(context.cwd, options.data)) || ".");
  throw new CliFault("CLI_FAILED", "there is no nats-server to keep events", {
    hint: "put nats-server on PATH or name it in ROUSE_NATS_SERVER, give one that runs with --nats, or try --memory",
  });
}

async function natsAccess(servers: readonly string[], options: UpOptions, { env, cwd }: Context): Promise<NatsAccess> {
  const user = options.natsUser ?? (env.ROUSE_NATS_USER || undefined);
  const password = await readSecret(options.natsPasswordFile, env.ROUSE_NATS_PASSWORD, cwd);
  const token = await readSecret(options.natsTokenFile, env.ROUSE_NATS_TOKEN, cwd);
  const { natsCa: caFile, natsCert: certFile, natsKey: keyFile } = options;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw usage("--nats-cert and --nats-key belong together", "give both");
  const tls = defined({ caFile, certFile, keyFile });
  return {
    servers,
    ...defined({ user, password, token, credentialsFile: options.natsCreds }),
    ...(Object.keys(tls).length > 0 ? { tls } : {}),
  };
}

function defined<T extends Readonly<Record<string, string | undefined>>>(
  fields: T,
): { readonly [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
