import type { Clock } from "@rouse/base";
import type { InstanceChange, InstanceLine } from "../activator.ts";
import { type Driver, workdirOf } from "../driver/driver.ts";
import { ServingFault } from "../errors.ts";
import { Listeners } from "../listeners.ts";
import { WorkdirRecycler } from "../workdir/workdir-recycler.ts";
import { type FolderWatch, type FolderWatchOptions, watchFolder } from "../workdir/workdir-watch.ts";
import type { Keeper, KeptProcess, KeptStatus } from "./keeper.ts";
import { KeptRunner } from "./restarting-process.ts";

/** What {@link createKeeper} needs. */
export interface KeeperOptions {
  readonly driver: Driver;
  readonly clock: Clock;
  /** Numbers in [0, 1), for spreading back-offs. */
  readonly random: () => number;
  /** Default: the file system's notifications. */
  readonly watch?: (options: FolderWatchOptions) => FolderWatch;
}

/** A keeper for processes of this machine. Dispose it to end them. */
export function createKeeper(options: KeeperOptions): Keeper {
  return new LocalKeeper(options);
}

class LocalKeeper implements Keeper {
  private readonly options: KeeperOptions;
  private readonly runners = new Map<string, KeptRunner>();
  private readonly watches = new Map<string, WorkdirRecycler>();
  private readonly unwatching = new Set<Promise<void>>();
  private readonly changes = new Listeners<InstanceChange>();
  private readonly prints = new Listeners<InstanceLine>();
  private quiet = false;
  private closing: Promise<void> | undefined;

  constructor(options: KeeperOptions) {
    this.options = options;
  }

  keep(process: KeptProcess): void {
    const { key } = process;
    if (this.closing) throw new ServingFault("SERVING_CLOSED", `${key} cannot be kept: the serving client is closed`);
    if (process.program.kind === "process" && !process.program.command[0]) {
      throw new ServingFault("SERVING_WORKLOAD_INVALID", `${key} has no command to run`, {
        hint: "set the annotation rouse.dev/command to a program and its arguments",
      });
    }
    const runner = this.runners.get(key) ?? this.add(key);
    const folder = runner.process && workdirOf(runner.process.program);
    if (folder !== workdirOf(process.program) || !process.watch) this.unwatch(key);
    runner.want(process);
  }

  release(key: string): void {
    this.unwatch(key);
    this.runners.get(key)?.unwant();
  }

  status(key: string): KeptStatus | undefined {
    return this.runners.get(key)?.status();
  }

  lines(key: string): readonly InstanceLine[] {
    return this.runners.get(key)?.lines() ?? [];
  }

  onLine(listener: (line: InstanceLine) => void): () => void {
    return this.prints.add(listener);
  }

  onChange(listener: (change: InstanceChange) => void): () => void {
    return this.changes.add(listener);
  }

  quiesce(): void {
    this.quiet = true;
    for (const key of [...this.watches.keys()]) this.unwatch(key);
    for (const runner of this.runners.values()) runner.quiesce();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.closing ??= this.close();
    return this.closing;
  }

  private async close(): Promise<void> {
    this.quiesce();
    const runners = [...this.runners.values()];
    for (const runner of runners) runner.unwant();
    await Promise.all([...this.unwatching, ...runners.map((runner) => runner.gone())]);
  }

  private add(key: string): KeptRunner {
    const { driver, clock, random } = this.options;
    const runner = new KeptRunner(key, {
      driver,
      clock,
      random,
      changed: (change) => this.changes.tell(change),
      printed: (line) => this.prints.tell(line),
      started: (process) => this.watch(process, runner),
      ended: () => void this.runners.delete(key),
    });
    this.runners.set(key, runner);
    if (this.quiet) runner.quiesce();
    return runner;
  }

  private watch({ key, program, watch: wanted }: KeptProcess, runner: KeptRunner): void {
    const workdir = workdirOf(program);
    if (!wanted || workdir === undefined || this.quiet || this.watches.has(key)) return;
    const { clock, watch = watchFolder } = this.options;
    const recycler = new WorkdirRecycler(workdir, {
      clock,
      watch,
      changed: ({ paths }) => {
        recycler.taken("recycled", paths);
        runner.renew();
      },
      noted: (text) => runner.note(text),
    });
    this.watches.set(key, recycler);
  }

  private unwatch(key: string): void {
    const watch = this.watches.get(key);
    if (!watch) return;
    this.watches.delete(key);
    const stopped = watch.stop().finally(() => this.unwatching.delete(stopped));
    this.unwatching.add(stopped);
  }
}
