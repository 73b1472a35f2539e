import { relative } from "node:path";
import { type Clock, messageOf, type Timer } from "@rouse/base";
import { FrequentPaths } from "./frequent-paths.ts";
import type { FolderChange, FolderWatch, FolderWatchOptions } from "./workdir-watch.ts";

/** Scanning a big folder costs processor time that the first start needs more. */
const watchDelayMs = 300;
const windowMs = 10_000;
const recyclesMax = 3;
/** Changes that come while an instance starts recycle nothing yet; that many of them are no person's doing. */
const notedMax = 6;

/** What a {@link WorkdirRecycler} is given. */
export interface RecyclerPorts {
  readonly clock: Clock;
  readonly watch: (options: FolderWatchOptions) => FolderWatch;
  changed(change: FolderChange): void;
  /** A line for people, about the workload. */
  noted(text: string): void;
}

/**
 * Watches the folder of one workload, and gives up paths that would recycle it again and again: a file that an instance
 * writes itself would otherwise keep it from ever serving. States: waiting → watching → stopped.
 */
export class WorkdirRecycler {
  private readonly folder: string;
  private readonly ports: RecyclerPorts;
  private readonly recycles = new FrequentPaths(recyclesMax, windowMs);
  private readonly notes = new FrequentPaths(notedMax, windowMs);
  private readonly timer: Timer;
  private open: FolderWatch | undefined;
  private stopped = false;

  constructor(folder: string, ports: RecyclerPorts) {
    this.folder = folder;
    this.ports = ports;
    const sinceMs = ports.clock.now();
    this.timer = ports.clock.setTimer(watchDelayMs, () => this.begin(sinceMs));
  }

  /** What became of a change: `recycled` at last, or `noted` while an instance is starting. */
  taken(how: "recycled" | "noted", paths: readonly string[]): void {
    const counts = how === "recycled" ? this.recycles : this.notes;
    for (const path of counts.add(paths, this.ports.clock.monotonic())) {
      if (!this.open?.giveUp(path)) continue;
      const name = relative(this.folder, path);
      this.ports.noted(`${name} changes all the time: it is not watched any more, its changes restart nothing`);
    }
  }

  /** Nothing is told from the call on; resolves when the file system is let go of. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer.cancel();
    await this.open?.close();
  }

  private begin(sinceMs: number): void {
    const { clock, watch } = this.ports;
    this.open = watch({
      folder: this.folder,
      clock,
      sinceMs,
      changed: (change) => {
        if (!this.stopped) this.ports.changed(change);
      },
      failed: (failure) => this.ports.noted(`changes under ${this.folder} are not seen: ${messageOf(failure)}`),
    });
  }
}
