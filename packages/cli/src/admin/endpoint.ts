import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Context } from "../context.ts";
import { CliFault, usage } from "../errors.ts";
import type { ConnectionOptions } from "../options.ts";

/** The admin listener of a server, and what it takes to be let in. */
export interface Endpoint {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
}

/** The folder in which a server that was started here keeps what the other commands need. */
export const dataFolder = ".rouse";
const defaultUrl = "http://127.0.0.1:8081";

/** What `rouse dev` and `rouse up` leave in their data folder while they run. */
export interface AdminFile {
  readonly url: string;
  readonly pid: number;
}

/** Where a server that runs over a data folder says how it is reached. */
export function adminFile(dataDir: string): string {
  return join(dataDir, "admin.json");
}

/** What the last server over a data folder wrote; undefined when there is none, or nothing that can be read. */
export async function readAdminFile(dataDir: string): Promise<AdminFile | undefined> {
  const text = await readIfThere(adminFile(dataDir));
  try {
    const value = JSON.parse(text ?? "") as Partial<AdminFile>;
    return typeof value.url === "string" && typeof value.pid === "number"
      ? { url: value.url, pid: value.pid }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Finds the server: `--server`, then ROUSE_SERVER, then the one started in this folder, then the default address.
 * Token and certificate of this folder are used only for a server of this machine, so that no other gets to see them.
 */
export async function findEndpoint(
  options: ConnectionOptions,
  context: Pick<Context, "cwd" | "env">,
): Promise<Endpoint> {
  const { cwd, env } = context;
  const dataDir = join(cwd, dataFolder);
  const given = options.server ?? (env.ROUSE_SERVER || undefined);
  const url = given ?? (await readAdminFile(dataDir))?.url ?? defaultUrl;
  const parsed = parseServer(url);
  const own = isLoopbackUrl(parsed);
  const tokenFile = options.tokenFile ?? (env.ROUSE_TOKEN_FILE || undefined);
  const caFile = options.caFile ?? (env.ROUSE_CA_FILE || undefined);
  const local = async (name: string) => (own ? readIfThere(join(dataDir, name)) : undefined);
  const token = tokenFile === undefined ? await local("token") : await readNamed(resolve(cwd, tokenFile), "token file");
  const ca = caFile === undefined ? await local("admin.crt") : await readNamed(resolve(cwd, caFile), "certificate");
  const secure = parsed.protocol === "https:";
  if (token !== undefined && tokenFile !== undefined && !secure && !own) {
    throw usage(`the token would go over plain HTTP to ${parsed.host}`, "use an https URL");
  }
  return {
    url: url.replace(/\/+$/, ""),
    token: token === undefined ? undefined : token.trim(),
    ca: secure ? ca : undefined,
  };
}

/** True when only this machine can be meant. */
export function isLoopbackUrl(url: URL): boolean {
  return url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(url.hostname);
}

function parseServer(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && (parsed.protocol === "http:" || parsed.protocol === "https:")) return parsed;
  throw usage(`expected the server as an http or https URL, got "${url}"`, "such as --server http://127.0.0.1:8081");
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

async function readNamed(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (failure) {
    const code = (failure as NodeJS.ErrnoException).code ?? "unreadable";
    throw new CliFault("CLI_USAGE", `the ${what} ${file} cannot be read: ${code}`, {
      hint: "check the path and who may read it",
    });
  }
}
