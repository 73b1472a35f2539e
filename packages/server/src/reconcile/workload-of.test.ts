import type { ServiceObject } from "@rouse/resources";
import { expect, test } from "vitest";
import { workloadOf } from "./workload-of.ts";

const settings = { workdirBase: "/base", watch: true, graceMs: 7 };

function service(annotations: Record<string, string>, inner: object = {}, generation = 1): ServiceObject {
  const template = { metadata: { annotations }, spec: { containers: [{ image: "app:1" }], ...inner } };
  const metadata = { name: "fn", namespace: "shop", generation };
  return { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata, spec: { template } } as ServiceObject;
}

test("workload: a Service that says nothing has the defaults of the reference pages", () => {
  expect(workloadOf(service({}), settings)).toEqual({
    key: "shop/fn",
    program: expect.objectContaining({ kind: "container", image: "app:1" }),
    serviceName: "fn",
    revisionName: "fn-00001",
    concurrency: 0,
    minScale: 0,
    maxScale: 0,
    idleMs: 60_000,
    freezeMs: undefined,
    lifetimeMs: undefined,
    utilization: undefined,
    target: undefined,
    windowMs: 60_000,
    scaleDownDelayMs: 0,
    startTimeoutMs: 60_000,
    readinessPath: undefined,
    requestTimeoutMs: 300_000,
    graceMs: 7,
    watch: false,
  });
});

test("workload: every annotation has its field", () => {
  const annotations = {
    "rouse.dev/idle-timeout": "PT30S",
    "rouse.dev/freeze-after": "PT10S",
    "rouse.dev/max-lifetime": "PT30M",
    "rouse.dev/start-timeout": "PT5S",
    "autoscaling.knative.dev/scale-to-zero-pod-retention-period": "10s",
    "autoscaling.knative.dev/min-scale": "1",
    "autoscaling.knative.dev/max-scale": "4",
    "autoscaling.knative.dev/window": "2m",
    "autoscaling.knative.dev/scale-down-delay": "15s",
    "autoscaling.knative.dev/target-utilization-percentage": "80",
  };
  const probed = [{ image: "app", readinessProbe: { httpGet: { path: "/up" } } }];
  const inner = { containerConcurrency: 10, timeoutSeconds: 60, containers: probed };
  expect(workloadOf(service(annotations, inner, 12), settings)).toMatchObject({
    revisionName: "fn-00012",
    concurrency: 10,
    utilization: 0.8,
    minScale: 1,
    maxScale: 4,
    idleMs: 40_000,
    freezeMs: 10_000,
    lifetimeMs: 1_800_000,
    windowMs: 120_000,
    scaleDownDelayMs: 15_000,
    startTimeoutMs: 5_000,
    readinessPath: "/up",
    requestTimeoutMs: 60_000,
  });
});

const target = "autoscaling.knative.dev/target";
const share = "autoscaling.knative.dev/target-utilization-percentage";

test.each([
  [{ [target]: "20" }, 0, { concurrency: 20, target: 14 }],
  [{ [target]: "2.5" }, 0, { concurrency: 3, target: 2.5 }],
  [{ [target]: "20", [share]: "50" }, 0, { concurrency: 20, target: 10, utilization: 0.5 }],
  [{ [target]: "20" }, 10, { concurrency: 10, target: 10 }],
  [{ [target]: "4" }, 10, { concurrency: 10, target: 2.8 }],
  [{ [target]: "200", "autoscaling.knative.dev/metric": "rps" }, 0, { concurrency: 0, target: undefined }],
  [{ [share]: "50" }, 10, { concurrency: 10, target: undefined, utilization: 0.5 }],
])("workload: %j with containerConcurrency %d scales by %j", (annotations, containerConcurrency, expected) => {
  const made = workloadOf(service(annotations as Record<string, string>, { containerConcurrency }), settings);
  expect(made).toMatchObject({ ...expected, target: expected.target && expect.closeTo(expected.target) });
});

test("workload: only a local process is restarted when files change", () => {
  const annotations = { "rouse.dev/command": "node server.js" };
  expect(workloadOf(service(annotations), settings)).toMatchObject({ watch: true, program: { kind: "process" } });
});
