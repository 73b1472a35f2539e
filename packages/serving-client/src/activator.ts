import type { Workload } from "./workload.ts";

/** Permission to post to one ready instance; `release` must be called once. */
export interface InstanceLease {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly origin: string;
  /** `cold`: this caller waited for a start. */
  readonly instance: "cold" | "warm";
  readonly waitedMs: number;
  readonly requestTimeoutMs: number;
  release(): void;
}

/** A lease, or why there is none now. */
export type InstanceAcquired =
  | { readonly kind: "lease"; readonly lease: InstanceLease }
  | { readonly kind: "held"; readonly reason: string; readonly retryAfterMs: number };

/** What people are told about a workload. */
export interface WorkloadStatus {
  readonly key: string;
  readonly instances: { readonly starting: number; readonly ready: number; readonly stopping: number };
  readonly inFlight: number;
  readonly coldStarts: number;
  readonly startFailures: number;
  /** Set while the last start failed: what happened, with the last lines of stderr. */
  readonly failure: { readonly reason: string; readonly message: string; readonly since: number } | undefined;
}

/** Something that happened to an instance, for the timeline. */
export interface InstanceChange {
  readonly at: number;
  readonly key: string;
  /** For people: `<name>-<n>`. */
  readonly instance: string;
  readonly kind: "starting" | "ready" | "idle" | "stopped" | "failed";
  readonly message: string;
  /** With `ready`: spawn to first accepted connection. */
  readonly startMs?: number;
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
