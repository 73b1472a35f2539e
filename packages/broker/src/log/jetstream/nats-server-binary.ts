import { execFile } from "node:child_process";
import { access, constants, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** A nats-server program. */
export interface NatsServerBinary {
  readonly binary: string;
  /** As the program says it: `2.10.4`. */
  readonly version: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const run = promisify(execFile);

/**
 * The nats-server to use: `ROUSE_NATS_SERVER`, then the one on PATH, then the newest in the cache
 * (`<cache>/nats-server/<any name>/nats-server`, where the project's cache is `$ROUSE_CACHE`, else `rouse` in
 * `$XDG_CACHE_HOME` or in `~/.cache`).
 * Undefined when there is none that runs.
 */
export async function findNatsServer(env: Environment): Promise<NatsServerBinary | undefined> {
  const named = env.ROUSE_NATS_SERVER;
  if (named !== undefined && named !== "") return identify(named);
  return (await onPath(env)) ?? (await cachedNatsServers(env))[0];
}

/** Every nats-server of the cache folder, newest first. */
export async function cachedNatsServers(env: Environment): Promise<readonly NatsServerBinary[]> {
  const cache = env.ROUSE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "rouse");
  const folder = join(cache, "nats-server");
  const entries = await readdir(folder).catch(() => []);
  const found = await Promise.all(entries.map((entry) => identify(join(folder, entry, "nats-server"))));
  return found.filter((one) => one !== undefined).sort((a, b) => compareVersions(b.version, a.version));
}

/** The nats-server on PATH. */
export async function onPath(env: Environment): Promise<NatsServerBinary | undefined> {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const found = folder === "" ? undefined : await identify(join(folder, "nats-server"));
    if (found) return found;
  }
  return undefined;
}

/** Negative when `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < 3; index++) {
    const difference = (left![index] ?? 0) - (right![index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

async function identify(binary: string): Promise<NatsServerBinary | undefined> {
  try {
    await access(binary, constants.X_OK);
    const { stdout } = await run(binary, ["--version"], { timeout: 5000 });
    const version = /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
    return version === undefined ? undefined : { binary, version };
  } catch {
    return undefined;
  }
}
