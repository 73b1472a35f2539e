import type { Launchable } from "./driver/driver.ts";

/** What is to be run, and how it scales; made by the server's reconciler from a Service. */
export interface Workload extends Launchable {
  /** `<namespace>/<name>`. */
  readonly key: string;
  /** Grows when the specification changes: instances of older generations are recycled. */
  readonly generation: number;
  readonly serviceName: string;
  readonly revisionName: string;
  /** Requests at once per instance; 0 is Knative's "unlimited" and counts as 100 here. */
  readonly concurrency: number;
  readonly minScale: number;
  /** The most instances of one generation at once; 0 is Knative's "no limit" and counts as 10 here. */
  readonly maxScale: number;
  /** Idle this long: stopped. */
  readonly idleMs: number;
  /** Idle this long: frozen until it is needed or stopped; undefined: never. */
  readonly freezeMs: number | undefined;
  /** An instance older than this is replaced, give or take a tenth; undefined: never. */
  readonly lifetimeMs: number | undefined;
  /** Share of an instance's slots above which it counts as full, in (0, 1]; undefined: 1 up to three slots, else 0.7. */
  readonly utilization: number | undefined;
  /** Requests at once per instance that scaling aims at; undefined: what `concurrency` and `utilization` come to. */
  readonly target: number | undefined;
  /** The number of instances falls to the most that was wanted within this time; Knative's stable window, default 60,000. */
  readonly windowMs: number;
  /** In addition to the window, how long a lower number has to be wanted; Knative's scale-down delay, default 0. */
  readonly scaleDownDelayMs: number;
  /** An instance that is not ready by then has failed to start; default 60,000. */
  readonly startTimeoutMs: number;
  /** An instance is ready when `GET` of this path gives an answer below 400; undefined: when it can be reached. */
  readonly readinessPath?: string | undefined;
  /** The longest a request may take; default 300,000. */
  readonly requestTimeoutMs: number;
  /** Recycle instances when a file under the workdir changes (development). */
  readonly watch: boolean;
}
