import type { Workload } from "./workload.ts";

/** A workload for tests; every field can be set. */
export function workloadOf(fields: Partial<Workload> = {}): Workload {
  return {
    key: "default/hello",
    generation: 1,
    command: ["hello"],
    workdir: process.cwd(),
    env: {},
    serviceName: "hello",
    revisionName: "hello-00001",
    concurrency: 1,
    minScale: 0,
    maxScale: 3,
    idleMs: 30_000,
    startTimeoutMs: 60_000,
    requestTimeoutMs: 300_000,
    graceMs: 10_000,
    watch: false,
    ...fields,
  };
}
