import type { ServiceFailure, WorkloadStatus } from "../activator.ts";
import type { ServingState } from "../life/serving-state.ts";
import type { StartRecord } from "./start-record.ts";

/** What beside its state is known of a workload. */
export interface Observed {
  readonly record: StartRecord;
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly discoveredPort: number | undefined;
  readonly failure: ServiceFailure | undefined;
}

/** What people are told about a workload. */
export function statusOf(state: ServingState, { record, now, discoveredPort, failure }: Observed): WorkloadStatus {
  const count = (...kinds: string[]) => state.instances.filter((it) => kinds.includes(it.kind)).length;
  return {
    key: state.workload.key,
    instances: {
      starting: count("starting"),
      ready: count("ready"),
      frozen: count("freezing", "frozen", "thawing"),
      stopping: count("draining", "stopping"),
    },
    inFlight: state.instances.reduce((sum, it) => ("busy" in it ? sum + it.busy : sum), 0),
    waiting: state.waiting,
    backlog: state.backlog,
    wanted: state.wanted,
    leases: { ...record.leases },
    coldStarts: state.coldStarts,
    prewarmed: state.prewarmed,
    startFailures: state.startFailures,
    failuresByCause: state.failuresByCause,
    ownStart: record.ownStart(),
    ourStart: record.ourStart(),
    instanceSeconds: record.instanceSeconds(now),
    discoveredPort,
    failure,
  };
}
