import type { ProcessProgram } from "./driver/driver.ts";
import type { Workload } from "./workload.ts";

/** A local process of this command line. */
export function processOf(...command: string[]): ProcessProgram {
  return { kind: "process", command, workdir: process.cwd() };
}

/** A workload for tests; every field can be set. */
export function workloadOf(fields: Partial<Workload> = {}): Workload {
  return {
    key: "default/hello",
    generation: 1,
    program: processOf("hello"),
    env: {},
    serviceName: "hello",
    revisionName: "hello-00001",
    concurrency: 1,
    minScale: 0,
    maxScale: 3,
    idleMs: 30_000,
    freezeMs: undefined,
    lifetimeMs: undefined,
    utilization: undefined,
    target: undefined,
    windowMs: 60_000,
    scaleDownDelayMs: 0,
    startTimeoutMs: 60_000,
    requestTimeoutMs: 300_000,
    graceMs: 10_000,
    watch: false,
    ...fields,
  };
}
