import { basename } from "node:path";
import type { Clock, Timer } from "@rouse/base";
import { watch } from "chokidar";

const debounceMs = 100;

/** Watches a folder for changes. */
export interface FolderWatch {
  close(): Promise<void>;
}

/** What a {@link watchFolder} is told. */
export interface FolderWatchOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Files changed after this (wall time) count as changed even when the first scan finds them so. */
  readonly sinceMs: number;
  /** Called 100 ms after the last of a burst of changes, with the path of one of them. */
  readonly changed: (path: string) => void;
  readonly failed: (failure: Error) => void;
}

/** Watches the files under a folder, except node_modules and whatever begins with a dot. */
export function watchFolder(options: FolderWatchOptions): FolderWatch {
  const { folder, clock, sinceMs, changed, failed } = options;
  let timer: Timer | undefined;
  let scanned = false;
  const touch = (path: string) => {
    timer?.cancel();
    timer = clock.setTimer(debounceMs, () => changed(path));
  };
  const watcher = watch(folder, { ignored: (path) => path !== folder && ignores(path), alwaysStat: true });
  watcher.on("ready", () => {
    scanned = true;
  });
  watcher.on("all", (kind, path, stats) => {
    if (kind === "addDir" || kind === "unlinkDir") return;
    if (scanned || (stats && stats.mtimeMs > sinceMs)) touch(path);
  });
  watcher.on("error", (failure) => failed(failure instanceof Error ? failure : new Error(String(failure))));
  return {
    close: () => {
      timer?.cancel();
      return watcher.close();
    },
  };
}

function ignores(path: string): boolean {
  const name = basename(path);
  return name === "node_modules" || name.startsWith(".");
}
