/** What a driver needs to know of something to start it. */
export interface Launchable {
  /** The command line, for a shell-free spawn: program and arguments. */
  readonly command: readonly string[];
  readonly workdir: string;
  /** Declared for it; added to the minimal environment of every child. */
  readonly env: Readonly<Record<string, string>>;
  /** SIGTERM to SIGKILL, milliseconds. */
  readonly graceMs: number;
  /** What it serves as: then it is given PORT and Knative's names; undefined: it serves nobody and is given none. */
  readonly serviceName?: string | undefined;
  /** Only with `serviceName`. */
  readonly revisionName?: string | undefined;
}

/** How an instance ended; both are undefined when the driver cannot tell. */
export interface InstanceExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** What is to be started. */
export interface LaunchOrder {
  /** For people and for labels: `<name>-<n>`. */
  readonly instance: string;
  readonly workload: Launchable;
  /** Aborted when it is not wanted any more: a driver that has not started it yet refuses. */
  readonly signal?: AbortSignal;
}

/** Who is told what an instance does. `exited` is the last call, and comes exactly once for every running instance. */
export interface InstanceObserver {
  line(stream: "stdout" | "stderr", text: string): void;
  exited(exit: InstanceExit): void;
}

/** Where an instance can be reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An instance that was started; it may not listen yet. */
export interface RunningInstance {
  /** For people: `pid 4711`. */
  readonly handle: string;
  /** The value of PORT that the instance was given; 0 when it was given none. */
  readonly port: number;
  /** Where it may listen, the likeliest first; empty when it was given no PORT. */
  readonly addresses: readonly Address[];
  /** Resolves when it has ended, and everything that it started with it. */
  readonly gone: Promise<void>;
  /** Asks it to end, and ends it after the grace; may be called twice. `gone` tells when that is done. */
  stop(graceMs: number): void;
  /** The ports it does listen on, as far as the driver can see; empty when it cannot. For messages only. */
  listeningPorts(): Promise<readonly number[]>;
}

/** An instance, or why there is none: `reason` is one CamelCase word for a condition, `message` a sentence. */
export type Launch =
  | { readonly kind: "running"; readonly instance: RunningInstance }
  | { readonly kind: "refused"; readonly reason: string; readonly message: string };

/** Starts instances: processes here, containers elsewhere. Never rejects; never calls the observer before it has answered. */
export interface Driver {
  launch(order: LaunchOrder, observer: InstanceObserver): Promise<Launch>;
}
