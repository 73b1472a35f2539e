import { chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { adminFile, readAdminFile } from "../admin/endpoint.ts";
import { CliFault } from "../errors.ts";
import type { Http } from "../http.ts";

const natsFolder = "nats";

/** How a data folder is taken. */
export interface ClaimOptions {
  /** Everything in it is removed first. */
  readonly fresh?: boolean;
  readonly http: Http;
  readonly pid: number;
}

/**
 * Makes the folder (mode 0700, hidden from git) and makes sure that no other server uses it.
 * @throws CliFault CLI_REFUSED when one does.
 */
export async function claimDataFolder(dataDir: string, options: ClaimOptions): Promise<void> {
  const other = await readAdminFile(dataDir);
  if (other && other.pid !== options.pid && isAlive(other.pid) && (await answers(other.url, options.http))) {
    throw new CliFault(
      "CLI_REFUSED",
      `a rouse server runs over ${dataDir} already (process ${other.pid}, ${other.url})`,
      {
        hint: "stop it first, or start this one in another folder",
      },
    );
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
  // What a server that was killed has left would be taken for a word of this one, which is not ready yet.
  await rm(adminFile(dataDir), { force: true });
  if (options.fresh) {
    for (const name of await readdir(dataDir)) if (name !== natsFolder) await removeAll(join(dataDir, name));
    // By its pid files the nats-server of a predecessor that was killed is found and ended.
    const kept = join(dataDir, natsFolder);
    for (const name of await readdir(kept).catch(() => []))
      if (!name.endsWith(".pid")) await removeAll(join(kept, name));
  }
  await writeFile(join(dataDir, ".gitignore"), "*\n");
}

/** Says in the data folder how the server is reached; returns the way to take it back. */
export async function announce(dataDir: string, url: string, pid: number): Promise<() => Promise<void>> {
  const file = adminFile(dataDir);
  const reachable = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
  const draft = `${file}.${pid}`;
  await rm(draft, { force: true });
  await writeFile(draft, `${JSON.stringify({ url: reachable, pid })}\n`, { mode: 0o600 });
  // Whoever waits for the file finds it whole.
  await rename(draft, file);
  return async () => {
    if ((await readAdminFile(dataDir))?.pid === pid) await rm(file, { force: true });
  };
}

function removeAll(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Process ids are used again: only one that answers there is a server. A certificate nobody trusts is an answer too. */
async function answers(url: string, http: Http): Promise<boolean> {
  try {
    await (await http(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) })).text();
    return true;
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    return code !== undefined && /CERT|SELF_SIGNED/.test(code);
  }
}
