import type { WorkloadStatus } from "@rouse/serving-client";

/** The status of a service that nothing has happened to, with these fields. */
export function statusOf(fields: Partial<WorkloadStatus> = {}): WorkloadStatus {
  return {
    key: "shop/mail",
    instances: { starting: 0, ready: 0, frozen: 0, stopping: 0 },
    inFlight: 0,
    waiting: 0,
    backlog: 0,
    wanted: 0,
    leases: { cold: 0, thawed: 0, warm: 0 },
    coldStarts: 0,
    prewarmed: 0,
    startFailures: 0,
    failuresByCause: {},
    ownStart: undefined,
    ourStart: undefined,
    instanceSeconds: 0,
    discoveredPort: undefined,
    failure: undefined,
    ...fields,
  };
}
