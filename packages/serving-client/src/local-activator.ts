import type { Clock } from "@rouse/base";
import type { Activator, InstanceAcquired, InstanceChange, InstanceLine, WorkloadStatus } from "./activator.ts";
import { type Driver, workdirOf } from "./driver/driver.ts";
import { ServingFault } from "./errors.ts";
import { networkProbe, type Probe } from "./instance/readiness.ts";
import { Listeners } from "./listeners.ts";
import { hereAlone, type Placement } from "./placement.ts";
import { WorkdirRecycler } from "./workdir/workdir-recycler.ts";
import { type FolderWatch, type FolderWatchOptions, watchFolder } from "./workdir/workdir-watch.ts";
import { WorkloadRunner } from "./workload/workload-runner.ts";
import type { Workload } from "./workload.ts";

const unknownRetryMs = 1_000;

/** What {@link createActivator} needs. */
export interface ActivatorOptions {
  readonly driver: Driver;
  readonly clock: Clock;
  /** Numbers in [0, 1), for spreading back-offs. */
  readonly random: () => number;
  /** How readiness is asked for; default: over the network. */
  readonly probe?: Probe;
  /** Who counts instances over several processes; default: all may run here. */
  readonly placement?: Placement;
  /** Default: the file system's notifications. */
  readonly watch?: (options: FolderWatchOptions) => FolderWatch;
}

/** An activator for instances of this machine. Dispose it to end them. */
export function createActivator(options: ActivatorOptions): Activator {
  return new LocalActivator(options);
}

class LocalActivator implements Activator {
  private readonly options: ActivatorOptions;
  private readonly runners = new Map<string, WorkloadRunner>();
  private readonly watches = new Map<string, WorkdirRecycler>();
  private readonly unwatching = new Set<Promise<void>>();
  private readonly capacity = new Listeners<string>();
  private readonly changes = new Listeners<InstanceChange>();
  private readonly prints = new Listeners<InstanceLine>();
  private readonly coldKeys = new Set<string>();
  private quiet = false;
  private closing: Promise<void> | undefined;

  constructor(options: ActivatorOptions) {
    this.options = options;
  }

  apply(workload: Workload): void {
    if (this.closing)
      throw new ServingFault("SERVING_CLOSED", `${workload.key} cannot be applied: the serving client is closed`);
    if (workload.program.kind === "process" && !workload.program.command[0]) {
      throw new ServingFault("SERVING_WORKLOAD_INVALID", `${workload.key} has no command to run`, {
        hint: "set the annotation rouse.dev/command to a program and its arguments",
      });
    }
    const known = this.runners.get(workload.key);
    const folder = known && workdirOf(known.workload.program);
    if (folder !== workdirOf(workload.program) || !workload.watch) this.unwatch(workload.key);
    if (known) {
      known.configure(workload);
      return;
    }
    const runner = new WorkloadRunner(workload, {
      driver: this.options.driver,
      clock: this.options.clock,
      random: this.options.random,
      probe: this.options.probe ?? networkProbe,
      placement: this.options.placement ?? hereAlone,
      changed: (change) => this.changes.tell(change),
      printed: (line) => this.prints.tell(line),
      capacityChanged: (key) => {
        this.noteCold(key, runner.cold());
        this.capacity.tell(key);
      },
      started: () => this.watch(runner),
      filesTaken: (how, paths) => this.watches.get(workload.key)?.taken(how, paths),
      ended: (key) => this.ended(key, runner),
    });
    this.runners.set(workload.key, runner);
    this.noteCold(workload.key, runner.cold());
    runner.begin(this.quiet ? "quiet" : "alarm");
  }

  remove(key: string): void {
    this.unwatch(key);
    this.runners.get(key)?.leave("removed");
  }

  async acquire(key: string, signal: AbortSignal): Promise<InstanceAcquired> {
    if (this.closing) return { kind: "held", reason: "the serving client is closing", retryAfterMs: unknownRetryMs };
    const runner = this.runners.get(key);
    if (!runner) return { kind: "held", reason: `there is no service ${key}`, retryAfterMs: unknownRetryMs };
    return runner.acquire(signal);
  }

  free(key: string): number {
    return this.runners.get(key)?.free() ?? 0;
  }

  cold(key: string): boolean {
    return this.runners.get(key)?.cold() ?? true;
  }

  anyCold(): boolean {
    return this.coldKeys.size > 0;
  }

  wake(key: string): void {
    this.runners.get(key)?.feed({ kind: "wake" });
  }

  backlog(key: string, count: number): void {
    this.runners.get(key)?.feed({ kind: "backlog", count });
  }

  expect(key: string, at: number): void {
    this.runners.get(key)?.expect(at);
  }

  onCapacity(listener: (key: string) => void): () => void {
    return this.capacity.add(listener);
  }

  onChange(listener: (change: InstanceChange) => void): () => void {
    return this.changes.add(listener);
  }

  onLine(listener: (line: InstanceLine) => void): () => void {
    return this.prints.add(listener);
  }

  status(key: string): WorkloadStatus | undefined {
    return this.runners.get(key)?.status();
  }

  lines(key: string): readonly InstanceLine[] {
    return this.runners.get(key)?.lines() ?? [];
  }

  quiesce(): void {
    if (this.quiet) return;
    this.quiet = true;
    for (const key of [...this.watches.keys()]) this.unwatch(key);
    for (const runner of [...this.runners.values()]) runner.leave("quiet");
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.closing ??= this.close();
    return this.closing;
  }

  private async close(): Promise<void> {
    this.quiesce();
    const runners = [...this.runners.values()];
    for (const runner of runners) runner.leave("closed");
    await Promise.all([...this.unwatching, ...runners.map((runner) => runner.gone())]);
  }

  private ended(key: string, runner: WorkloadRunner): void {
    if (this.runners.get(key) !== runner) return;
    this.runners.delete(key);
    this.coldKeys.delete(key);
  }

  private noteCold(key: string, cold: boolean): void {
    if (cold) this.coldKeys.add(key);
    else this.coldKeys.delete(key);
  }

  private watch(runner: WorkloadRunner): void {
    const { key, program, watch: wanted } = runner.workload;
    const folder = workdirOf(program);
    if (!wanted || folder === undefined || this.quiet || this.watches.has(key)) return;
    const { clock, watch = watchFolder } = this.options;
    const recycler = new WorkdirRecycler(folder, {
      clock,
      watch,
      changed: ({ paths, at }) => runner.feed({ kind: "recycle", paths, changedAt: at }),
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
