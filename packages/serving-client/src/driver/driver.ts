/** A program of this machine, started without a shell. */
export interface ProcessProgram {
  readonly kind: "process";
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly workdir: string;
}

/**
 * How a container is reached. `host`: it shares this machine's network, each instance listens on a loopback port of its own;
 * `bridge`: it has a network of its own; `auto`: `bridge` where the engine has one, else `host`, and `host` where it can for
 * what serves nobody, since that talks to us on loopback.
 */
export type ContainerNetwork = "auto" | "host" | "bridge";

/** A container image, run by an engine. */
export interface ContainerProgram {
  readonly kind: "container";
  readonly image: string;
  /** Replaces the image's entry point; undefined: the image's own. */
  readonly command: readonly string[] | undefined;
  /** Replaces the image's arguments; undefined: the image's own. */
  readonly args: readonly string[] | undefined;
  /** Kubernetes' `imagePullPolicy`. */
  readonly pull: "always" | "if-not-present" | "never";
  /** The port it is declared to listen on; undefined: the one it is given in PORT. */
  readonly port: number | undefined;
  /** CPUs it may use at most, such as 0.125; undefined: no limit. */
  readonly cpus: number | undefined;
  /** Memory it may use at most; undefined: no limit. */
  readonly memoryBytes: number | undefined;
  /** How it is reached; default `auto`. */
  readonly network?: ContainerNetwork | undefined;
}

/** What is run. */
export type Program = ProcessProgram | ContainerProgram;

/** Where a local process runs; a container has its own place. */
export function workdirOf(program: Program): string | undefined {
  return program.kind === "process" ? program.workdir : undefined;
}

/** What a driver needs to know of something to start it. */
export interface Launchable {
  readonly program: Program;
  /** Declared for it; added to the minimal environment of every child. */
  readonly env: Readonly<Record<string, string>>;
  /** SIGTERM to SIGKILL, milliseconds. */
  readonly graceMs: number;
  /** What it serves as: then it is given PORT and Knative's names; undefined: it serves nobody and is given none. */
  readonly serviceName?: string | undefined;
  /** Only with `serviceName`. */
  readonly revisionName?: string | undefined;
}

/** How an instance ended; code and signal are undefined when the driver cannot tell. */
export interface InstanceExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** It was killed because it used more memory than it may. */
  readonly outOfMemory?: boolean;
  /** It was ended because its own health check failed; what the last one said, empty when that is not known. */
  readonly unhealthy?: string;
}

/** What is to be started. */
export interface LaunchOrder {
  /** For people and for labels: `<name>-<n>`. */
  readonly instance: string;
  /** Whose instance it is, for labels: the key of its workload. */
  readonly key: string;
  /** Of the workload, for labels. */
  readonly generation: number;
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
  /**
   * What proves that it is ready: an accepted connection, or an HTTP answer of any status, where something between us and
   * the instance accepts connections by itself.
   */
  readonly readiness: "connection" | "answer";
  /** When the driver saw it started, monotonic milliseconds: what comes before is the driver's time, what comes after its own. */
  readonly startedAt: number;
  /** Resolves when it has ended, and everything that it started with it. */
  readonly gone: Promise<void>;
  /** Asks it to end, and ends it after the grace; may be called twice, and while it is frozen. `gone` tells when that is done. */
  stop(graceMs: number): void;
  /** The ports it does listen on, as far as the driver can see, ascending; empty when it cannot. Costs 10-20 ms. */
  listeningPorts(): Promise<readonly number[]>;
  /** Where it can be reached at a port that it was found to listen on; undefined where it cannot. */
  addressOf(port: number): Address | undefined;
  /** Stops its execution, its memory stays. False when that cannot be: then it runs on. */
  freeze(): Promise<boolean>;
  /** Lets it go on. False when that failed: it is of no use any more and has to be stopped. */
  thaw(): Promise<boolean>;
}

/** An instance, or why there is none: `reason` is one CamelCase word for a condition, `message` a sentence. */
export type Launch =
  | { readonly kind: "running"; readonly instance: RunningInstance }
  | { readonly kind: "refused"; readonly reason: string; readonly message: string };

/** Starts instances: processes, or containers. Never rejects; never calls the observer before it has answered. */
export interface Driver {
  launch(order: LaunchOrder, observer: InstanceObserver): Promise<Launch>;
  /** Something of this program is about to be started, or may soon be: an image is fetched, a port is looked for. Cheap, may be repeated. */
  prepare?(program: Program): void;
}
