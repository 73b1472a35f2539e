import type { InstanceChange, WorkloadStatus } from "@rouse/serving-client";
import { expect, test } from "vitest";
import { Metrics } from "./metrics.ts";
import { statusOf } from "./workload-status.testing.ts";

const change: InstanceChange = { at: 0, key: "shop/mail", instance: "mail-1", kind: "starting", message: "" };

async function linesOf(metrics: Metrics): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => line.startsWith("rouse_"));
}

test("metrics: tell of each service what the serving client counts, as of the time they are read", async () => {
  let status: WorkloadStatus | undefined = statusOf({
    instances: { starting: 0, ready: 2, frozen: 1, stopping: 0 },
    leases: { cold: 12, thawed: 3, warm: 840 },
    instanceSeconds: 61.5,
    prewarmed: 4,
    backlog: 7,
  });
  const metrics = new Metrics({ status: () => status });
  metrics.recordInstance(change);
  const first = await linesOf(metrics);
  expect(first).toEqual(
    expect.arrayContaining([
      'rouse_instances{service="shop/mail",state="ready"} 2',
      'rouse_instances{service="shop/mail",state="frozen"} 1',
      'rouse_leases_total{service="shop/mail",kind="warm"} 840',
      'rouse_instance_seconds_total{service="shop/mail"} 61.5',
      'rouse_prewarmed_total{service="shop/mail"} 4',
      'rouse_service_backlog{service="shop/mail"} 7',
    ]),
  );
  expect(await linesOf(metrics)).toEqual(first);
  status = undefined;
  expect((await linesOf(metrics)).filter((line) => line.includes("shop/mail"))).toEqual([]);
});

test("metrics: starts, our share of them and failures are counted as they happen", async () => {
  const metrics = new Metrics();
  metrics.recordInstance({ ...change, kind: "ready", startMs: 131, ourMs: 1.9 });
  metrics.recordInstance({ ...change, kind: "failed", reason: "OutOfMemory" });
  metrics.recordInstance({ ...change, kind: "failed" });
  const lines = await linesOf(metrics);
  expect(lines).toEqual(
    expect.arrayContaining([
      'rouse_instance_start_seconds_sum{service="shop/mail"} 0.131',
      'rouse_start_overhead_seconds_bucket{le="0.002",service="shop/mail"} 1',
      'rouse_instance_failures_total{service="shop/mail",reason="OutOfMemory"} 1',
      'rouse_instance_failures_total{service="shop/mail",reason="Unknown"} 1',
    ]),
  );
});
