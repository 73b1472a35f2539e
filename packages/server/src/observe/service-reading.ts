import type { WorkloadStatus } from "@rouse/serving-client";
import type { Reading } from "../api/view.ts";
import { types } from "../reconcile/objects.ts";
import type { JsonObject } from "../store/port.ts";

/** Where the numbers of services come from. */
export interface ServiceReadingPorts {
  readonly status: (key: string) => WorkloadStatus | undefined;
  /** Instances over all processes; default: those of this one. */
  readonly instancesOf?: (key: string) => WorkloadStatus["instances"] | undefined;
}

/** What a Service's status tells of its instances: `status.instances`, as of now. */
export function createServiceReading({ status, instancesOf }: ServiceReadingPorts): Reading {
  return ({ id }) => {
    if (id.group !== types.service.group || id.plural !== types.service.plural) return undefined;
    const key = `${id.namespace}/${id.name}`;
    const found = status(key);
    return found && { instances: instancesObject(found, instancesOf?.(key) ?? found.instances) };
  };
}

function instancesObject(status: WorkloadStatus, count: WorkloadStatus["instances"]): JsonObject {
  const { ownStart, ourStart } = status;
  const start = {
    ...(ownStart && { ownMs: tenths(ownStart.p50) }),
    ...(ourStart && { oursMs: tenths(ourStart.p50) }),
  };
  return {
    count: { ...count },
    wanted: status.wanted,
    inFlight: status.inFlight,
    waiting: status.waiting,
    backlog: status.backlog,
    starts: { ...status.leases, prewarmed: status.prewarmed },
    ...(Object.keys(start).length > 0 && { start }),
    seconds: tenths(status.instanceSeconds),
    failures: { ...status.failuresByCause },
    ...(status.discoveredPort !== undefined && { discoveredPort: status.discoveredPort }),
  };
}

function tenths(value: number): number {
  return Math.round(10 * value) / 10;
}
