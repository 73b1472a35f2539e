import type { PrinterColumn } from "./columns.ts";
import type { ResourceObject } from "./resource-object.ts";

/** What the status of a Service tells of its instances when it is read; it is never stored. */
export interface InstancesStatus {
  readonly count: {
    readonly starting: number;
    readonly ready: number;
    readonly frozen: number;
    readonly stopping: number;
  };
  /** Requests by how an instance was found; and instances started ahead of an expected event. */
  readonly starts: {
    readonly cold: number;
    readonly thawed: number;
    readonly warm: number;
    readonly prewarmed: number;
  };
  /** Medians over the last starts, in milliseconds. */
  readonly start?: { readonly ownMs?: number; readonly oursMs?: number };
  /** Time that instances ran. */
  readonly seconds: number;
  /** Starts that failed, by cause. */
  readonly failures: Readonly<Record<string, number>>;
}

function column(
  name: string,
  field: string,
  priority: number,
  description: string,
  text: (instances: InstancesStatus) => string,
): PrinterColumn {
  return {
    name,
    type: "string",
    priority,
    description,
    jsonPath: `.status.instances.${field}`,
    value(object: ResourceObject) {
      const { instances } = (object.status ?? {}) as { readonly instances?: InstancesStatus };
      return instances && text(instances);
    },
  };
}

/** `12 cold, 3 thawed`: what there is any of; `none` where there is nothing. */
function counts(of: Readonly<Record<string, number>>, none: string): string {
  const some = Object.entries(of).filter(([, count]) => count > 0);
  return some.length === 0 ? none : some.map(([name, count]) => `${count} ${name}`).join(", ");
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function startText({ start }: InstancesStatus): string {
  const own = start?.ownMs === undefined ? [] : [`own ${milliseconds(start.ownMs)}`];
  const ours = start?.oursMs === undefined ? [] : [`ours ${milliseconds(start.oursMs)}`];
  return [...own, ...ours].join(", ");
}

/** What runs of a service, and what that cost. */
export const instancesColumns: readonly PrinterColumn[] = [
  column("Instances", "count", 0, "What runs now.", ({ count: { ready, frozen, starting, stopping } }) =>
    counts({ ready, frozen, starting, stopping }, "0"),
  ),
  column(
    "Starts",
    "starts",
    0,
    "How requests found an instance, and how many were started ahead of an event.",
    ({ starts: { cold, thawed, warm, prewarmed } }) => counts({ cold, thawed, warm, prewarmed }, ""),
  ),
  column("Start", "start", 1, "How long starts took: the instance itself, and rouse.", startText),
  column("Instance-Seconds", "seconds", 1, "Time that instances ran.", ({ seconds }) => seconds.toFixed(1)),
  column("Failures", "failures", 1, "Starts that failed, by cause.", ({ failures }) => counts(failures, "")),
];
