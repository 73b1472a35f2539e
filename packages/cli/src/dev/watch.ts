import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Clock, Timer } from "@rouse/base";
import { watch } from "chokidar";
import { isManifestName } from "../manifest/files.ts";

/** How long files have to be left alone before they are read, milliseconds. */
export const quietMs = 300;

/**
 * Calls `changed` when manifests below the paths were changed and then left alone for 300 ms. Of files their folder is
 * watched: editors save by putting a new file in the place of the old one.
 */
export async function watchManifests(
  paths: readonly string[],
  { cwd, clock, changed }: { readonly cwd: string; readonly clock: Clock; readonly changed: () => void },
): Promise<AsyncDisposable> {
  const folders = new Set<string>();
  const watched = new Set<string>();
  const named = new Set<string>();
  for (const given of paths) {
    const path = resolve(cwd, given);
    const folder = await stat(path).then((found) => found.isDirectory());
    watched.add(folder ? path : dirname(path));
    if (folder) folders.add(path);
    else named.add(path);
  }
  const relevant = (path: string) => named.has(path) || (folders.has(dirname(path)) && isManifestName(basename(path)));
  let timer: Timer | undefined;
  const watcher = watch([...watched], {
    ignoreInitial: true,
    depth: 0,
    ignored: (path, stats) => stats?.isFile() === true && !relevant(path),
  });
  watcher.on("all", (_event, path) => {
    if (!relevant(path)) return;
    timer?.cancel();
    timer = clock.setTimer(quietMs, changed);
  });
  // A folder that cannot be watched any more is no reason to end what runs.
  watcher.on("error", () => undefined);
  await new Promise<void>((ready) => watcher.once("ready", ready));
  return {
    async [Symbol.asyncDispose]() {
      timer?.cancel();
      await watcher.close();
    },
  };
}
