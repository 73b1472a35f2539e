import { basename } from "node:path";
import type { Clock, Timer } from "@rouse/base";
import { watch } from "chokidar";

const debounceMs = 100;
/** A burst that does not end is told all the same: another file may have been saved meanwhile. */
const burstMaxMs = 1_000;

/** Files that changed together. */
export interface FolderChange {
  readonly paths: readonly string[];
  /** When the last of them was seen to change, monotonic milliseconds. */
  readonly at: number;
}

/** Watches a folder for changes. */
export interface FolderWatch {
  /** Changes of this path are not told any more; false when they were not before. */
  giveUp(path: string): boolean;
  close(): Promise<void>;
}

/** What a {@link watchFolder} is told. */
export interface FolderWatchOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Files changed after this (wall time) count as changed even when the first scan finds them so. */
  readonly sinceMs: number;
  /** Called 100 ms after the last of a burst of changes, and every second of one that goes on. */
  readonly changed: (change: FolderChange) => void;
  readonly failed: (failure: Error) => void;
}

/**
 * Watches the files under a folder, except those that are no source of a running program: see {@link isWatched}.
 */
export function watchFolder(options: FolderWatchOptions): FolderWatch {
  const { folder, clock, sinceMs, failed } = options;
  const burst = new Burst(clock, options.changed);
  const givenUp = new Set<string>();
  let scanned = false;
  const watcher = watch(folder, { ignored: (path) => path !== folder && !isWatched(path), alwaysStat: true });
  watcher.on("ready", () => {
    scanned = true;
  });
  watcher.on("all", (kind, path, stats) => {
    if (kind === "addDir" || kind === "unlinkDir" || givenUp.has(path)) return;
    if (scanned || (stats && stats.mtimeMs > sinceMs)) burst.add(path);
  });
  watcher.on("error", (failure) => failed(failure instanceof Error ? failure : new Error(String(failure))));
  return {
    giveUp(path) {
      if (givenUp.has(path)) return false;
      givenUp.add(path);
      burst.drop(path);
      watcher.unwatch(path);
      return true;
    },
    close: () => {
      burst.end();
      return watcher.close();
    },
  };
}

/** Gathers paths until none comes for a while. */
class Burst {
  private readonly clock: Clock;
  private readonly told: (change: FolderChange) => void;
  private readonly paths = new Set<string>();
  private began = 0;
  private last = 0;
  private timer: Timer | undefined;

  constructor(clock: Clock, told: (change: FolderChange) => void) {
    this.clock = clock;
    this.told = told;
  }

  add(path: string): void {
    this.last = this.clock.monotonic();
    if (this.paths.size === 0) this.began = this.last;
    this.paths.add(path);
    this.timer?.cancel();
    const delayMs = Math.min(debounceMs, this.began + burstMaxMs - this.last);
    this.timer = this.clock.setTimer(delayMs, () => this.tell());
  }

  drop(path: string): void {
    this.paths.delete(path);
    if (this.paths.size === 0) this.end();
  }

  end(): void {
    this.timer?.cancel();
    this.paths.clear();
  }

  private tell(): void {
    const paths = [...this.paths];
    this.paths.clear();
    this.told({ paths, at: this.last });
  }
}

/**
 * Whether changes of a path matter to a running program: not those of node_modules, of dot files, of logs and editors'
 * leftovers, and not of manifests, which are applied anew by whoever applied them.
 */
export function isWatched(path: string): boolean {
  const name = basename(path);
  return name !== "node_modules" && !name.startsWith(".") && !/(\.(log|tmp|out|swp|ya?ml)|~)$/.test(name);
}
