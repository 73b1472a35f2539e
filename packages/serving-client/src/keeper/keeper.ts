import type { InstanceChange, InstanceLine } from "../activator.ts";
import type { Launchable } from "../driver/driver.ts";

/** A process that is to run all the time, and does on its own what it is for. */
export interface KeptProcess extends Omit<Launchable, "serviceName" | "revisionName"> {
  /** Names it among all; what stands after the last `/` names its instances: `<name>-<n>`. */
  readonly key: string;
  /** Restart it when a file under the workdir changes (development). */
  readonly watch: boolean;
}

/**
 * Where a kept process is: being started, running, waiting for its next start after it ended, or being stopped.
 * `quiet`: it ended, and nothing is started any more.
 */
export type KeptPhase = "starting" | "running" | "waiting" | "stopping" | "quiet";

/** What people are told about a kept process. */
export interface KeptStatus {
  readonly key: string;
  readonly phase: KeptPhase;
  /** For people: `pid 4711`; undefined while nothing runs. */
  readonly handle: string | undefined;
  /** How often it was started again because it had ended or could not be started. */
  readonly restarts: number;
  /** With `waiting`: when it is started again, milliseconds since the epoch. */
  readonly nextStart: number | undefined;
  /** Set from when it ended until it has run for 10 s: what happened, with the last lines of stderr. */
  readonly failure: { readonly reason: string; readonly message: string; readonly since: number } | undefined;
}

/**
 * Keeps processes running. One that ends, with whatever code, is started again after a back-off: 1 s, doubled with each
 * end up to 5 min, from the beginning again once it has run for 10 min. Disposing it stops all: SIGTERM, grace, SIGKILL;
 * no child is left.
 */
export interface Keeper extends AsyncDisposable {
  /**
   * Starts the process, or replaces it when command, workdir or environment are not what they were: the old one is
   * stopped before the new one starts. Throws SERVING_WORKLOAD_INVALID without a command, SERVING_CLOSED after disposal.
   */
  keep(process: KeptProcess): void;
  /** Stops it and forgets it; keeping the same key again waits until it has ended. */
  release(key: string): void;
  status(key: string): KeptStatus | undefined;
  /** The last lines kept (at most 1,000 a process), oldest first. */
  lines(key: string): readonly InstanceLine[];
  /** Told of every line; returns the way to stop listening. */
  onLine(listener: (line: InstanceLine) => void): () => void;
  /**
   * Told when a process is `starting`, `ready` (it runs; after a failure only once it has done so for 10 s), `failed`
   * (it ended by itself, or could not be started) or `stopped` (as it was asked to).
   */
  onChange(listener: (change: InstanceChange) => void): () => void;
  /** From now on nothing is started any more; what runs goes on until this is disposed. */
  quiesce(): void;
}
