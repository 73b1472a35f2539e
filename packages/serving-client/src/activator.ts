import type { Workload } from "./workload.ts";

/** Permission to post to one ready instance; `release` must be called once. */
export interface InstanceLease {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly origin: string;
  /** `cold`: this caller waited for a start; `thawed`: for a frozen instance; `warm`: for neither. */
  readonly instance: "cold" | "thawed" | "warm";
  readonly waitedMs: number;
  readonly requestTimeoutMs: number;
  release(): void;
}

/** A lease, or why there is none now. */
export type InstanceAcquired =
  | { readonly kind: "lease"; readonly lease: InstanceLease }
  | {
      readonly kind: "held";
      readonly reason: string;
      readonly retryAfterMs: number;
      /** Set when the service cannot be started: since when that is so. */
      readonly failure?: ServiceFailure;
    };

/** Why a service cannot be started. */
export interface ServiceFailure {
  /** One CamelCase word for a condition. */
  readonly reason: string;
  /** A sentence, with the last lines of stderr. */
  readonly message: string;
  /** Of the first failure in a row, milliseconds since the epoch. */
  readonly since: number;
}

/** Times in milliseconds over the last starts; undefined before the first. */
export interface StartTimes {
  readonly p50: number;
  readonly p95: number;
}

/** What people are told about a workload. */
export interface WorkloadStatus {
  readonly key: string;
  readonly instances: {
    readonly starting: number;
    readonly ready: number;
    readonly frozen: number;
    readonly stopping: number;
  };
  readonly inFlight: number;
  /** Requests that wait for a slot. */
  readonly waiting: number;
  /** Events that wait in lanes, as last told. */
  readonly backlog: number;
  /** Instances that there should be. */
  readonly wanted: number;
  /** Leases by how they were come by. */
  readonly leases: { readonly cold: number; readonly thawed: number; readonly warm: number };
  readonly coldStarts: number;
  /** Instances started ahead of an expected event. */
  readonly prewarmed: number;
  readonly startFailures: number;
  readonly failuresByCause: Readonly<Record<string, number>>;
  /** Of the instances' own starting, from running to ready. */
  readonly ownStart: StartTimes | undefined;
  /** Of ours in a cold start: all that is neither the engine's nor the instance's own. */
  readonly ourStart: StartTimes | undefined;
  /** Time that instances ran, frozen time not counted, added up. */
  readonly instanceSeconds: number;
  /** Where instances were found to listen, when that is not the PORT they were given. */
  readonly discoveredPort: number | undefined;
  /** Set while the last start failed: what happened, with the last lines of stderr. */
  readonly failure: ServiceFailure | undefined;
}

/** Something that happened to an instance, for the timeline. */
export interface InstanceChange {
  readonly at: number;
  readonly key: string;
  /** The revision that it is an instance of, where `key` is a service of several. */
  readonly revision?: string;
  /** For people: `<name>-<n>`. */
  readonly instance: string;
  readonly kind: "starting" | "ready" | "idle" | "frozen" | "thawed" | "stopped" | "failed";
  readonly message: string;
  /** With `ready`: from running to ready. */
  readonly startMs?: number;
  /** With `ready`: what we took beside that and the engine. */
  readonly ourMs?: number;
  /** With `failed`, and with `stopped` of an instance that had no place and was not started: one CamelCase word. */
  readonly reason?: string;
}

/** A line that an instance printed. */
export interface InstanceLine {
  readonly at: number;
  readonly key: string;
  readonly instance: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** Starts, hands out and stops instances. Disposing it drains: no new leases, SIGTERM, grace, SIGKILL; no child is left. */
export interface Activator extends AsyncDisposable {
  /** Adds the workload, or replaces it; instances of an older generation are drained once the new one can serve. */
  apply(workload: Workload): void;
  /** Drains and stops its instances. */
  remove(key: string): void;
  /**
   * Waits for a ready instance with a free slot, starting one where none is; one start serves all who wait.
   * Rejects with the signal's reason when it aborts first; everything else that can go wrong is `held`.
   */
  acquire(key: string, signal: AbortSignal): Promise<InstanceAcquired>;
  free(key: string): number;
  cold(key: string): boolean;
  /** Whether any workload is cold. O(1). */
  anyCold(): boolean;
  /** Begins to start an instance when there is none; backed-off workloads stay down. */
  wake(key: string): void;
  /** So many events wait in lanes for the workload, what is leased or waits for a lease not counted. Cheap, may be called often. */
  backlog(key: string, count: number): void;
  /**
   * An event is expected at this time (milliseconds since the epoch): an instance is made ready by then, going by how long
   * starts took. Raises what is wanted, never lowers it; is passed over while starts fail. A later call for another time is
   * another expectation; the same time twice is one.
   */
  expect(key: string, at: number): void;
  /**
   * Begins the end: from now on nothing is started or recycled and no folder is watched, while instances that run still
   * serve and stay until this is disposed. Disposing does it too; whoever drains others before calls it first.
   */
  quiesce(): void;
  /** The capacity of a key may have changed; returns the way to stop listening. */
  onCapacity(listener: (key: string) => void): () => void;
  onChange(listener: (change: InstanceChange) => void): () => void;
  status(key: string): WorkloadStatus | undefined;
  /** The last lines kept (at most 1,000 a workload), oldest first. */
  lines(key: string): readonly InstanceLine[];
  onLine(listener: (line: InstanceLine) => void): () => void;
}
