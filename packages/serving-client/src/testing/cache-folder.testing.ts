import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The project's cache: `$ROUSE_CACHE`, else `rouse` in `$XDG_CACHE_HOME` or in `~/.cache`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env.ROUSE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "rouse");
}

/** Folders of the cache's shelf that are named after a version, newest first. */
export function shelvedVersions(shelf: string): readonly string[] {
  return namesIn(join(cacheFolder(), shelf))
    .filter((name) => /^\d+\.\d+\.\d+$/.test(name))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
