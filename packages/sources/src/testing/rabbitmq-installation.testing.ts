import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { cacheFolder, shelvedVersions } from "./cache-folder.testing.ts";

/** A RabbitMQ, and the folder of the Erlang programs that run it. */
export interface RabbitmqInstallation {
  readonly version: string;
  /** Folder of rabbitmq-server, rabbitmqctl and the scripts that they read. */
  readonly sbin: string;
  /** Folder of erl and epmd. */
  readonly erlang: string;
}

/** How a person gets one. */
export const rabbitmqHint =
  "run node scripts/rabbitmq-server.mjs, install rabbitmq-server, or name a server in RABBITMQ_URL (amqp://user:password@host:port)";

/** Every RabbitMQ that can be started here: the one installed on the machine, then the cache's, newest first. */
export function rabbitmqInstallations(): readonly RabbitmqInstallation[] {
  const installed = installedOnMachine();
  const cached = shelvedVersions("rabbitmq").map((version) => {
    const lib = join(cacheFolder(), "rabbitmq", version, "usr", "lib");
    const sbin = join(lib, "rabbitmq", "lib", `rabbitmq_server-${version}`, "sbin");
    return { version, sbin, erlang: join(lib, "erlang", "bin") };
  });
  return [...installed, ...cached].filter(({ sbin }) => existsSync(join(sbin, "rabbitmq-server")));
}

/** As findKafka, for RABBITMQ_URL. */
export function findRabbitmq({ own = false } = {}): { readonly kind: "given" | "installed" } | undefined {
  if (!own && process.env.RABBITMQ_URL) return { kind: "given" };
  return rabbitmqInstallations().length === 0 ? undefined : { kind: "installed" };
}

function installedOnMachine(): readonly RabbitmqInstallation[] {
  const erlang = folderOnPath("epmd") ?? "";
  const found = [...debianFolders(), ...pathFolders()].flatMap((sbin) => {
    const version = /rabbitmq(?:_server-|\/)(\d+\.\d+\.\d+)/.exec(sbin)?.[1] ?? versionSaid(sbin);
    // The wrapper that Debian puts on PATH insists on root; the folder with rabbitmq-env has the program itself.
    return version !== undefined && existsSync(join(sbin, "rabbitmq-env")) ? [{ version, sbin, erlang }] : [];
  });
  return erlang === "" ? [] : found.slice(0, 1);
}

function debianFolders(): readonly string[] {
  const parent = "/usr/lib/rabbitmq/lib";
  return existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name, "sbin")) : [];
}

function pathFolders(): readonly string[] {
  const folder = folderOnPath("rabbitmq-server");
  return folder === undefined ? [] : [dirname(realpathSync(join(folder, "rabbitmq-server")))];
}

function folderOnPath(program: string): string | undefined {
  return (process.env.PATH ?? "").split(delimiter).find((folder) => folder !== "" && existsSync(join(folder, program)));
}

function versionSaid(sbin: string): string | undefined {
  const { stdout } = spawnSync(join(sbin, "rabbitmqctl"), ["version"], { encoding: "utf8", timeout: 20_000 });
  return /^(\d+\.\d+\.\d+)/m.exec(stdout ?? "")?.[1];
}
