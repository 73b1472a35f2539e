import type { InstanceChange, WorkloadStatus } from "@rouse/serving-client";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const startBuckets = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];
const overheadBuckets = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5];

/** What is counted elsewhere: its metrics are filled when they are read. */
interface Source {
  status(key: string): WorkloadStatus | undefined;
}

/**
 * The metrics of services, one series a service: starts and failures as they are heard of, and those that the serving
 * client counts itself, with those few of its states.
 */
export class ServiceMetrics {
  private readonly source: Source | undefined;
  private readonly keys = new Set<string>();
  private readonly starts: Histogram<"service">;
  private readonly overhead: Histogram<"service">;
  private readonly failures: Counter<"service" | "reason">;

  /** @param source asked at each scrape; without it there are only the metrics that are heard of. */
  constructor(registry: Registry, source: Source | undefined) {
    this.source = source;
    const registers = [registry];
    this.starts = new Histogram({
      name: "rouse_instance_start_seconds",
      help: "The time that instances took to start, from running to ready.",
      labelNames: ["service"],
      buckets: startBuckets,
      registers,
    });
    this.overhead = new Histogram({
      name: "rouse_start_overhead_seconds",
      help: "What rouse took in a start until it was launched.",
      labelNames: ["service"],
      buckets: overheadBuckets,
      registers,
    });
    this.failures = new Counter({
      name: "rouse_instance_failures_total",
      help: "Instances that could not start or died, by cause.",
      labelNames: ["service", "reason"],
      registers,
    });
    if (source) this.readAtScrape(registers);
  }

  /** Something happened to an instance: there is, or was, such a service. */
  record({ key: service, kind, ourMs, reason, startMs }: InstanceChange): void {
    if (this.source) this.keys.add(service);
    if (kind === "ready" && startMs !== undefined) this.starts.observe({ service }, startMs / 1_000);
    if (kind === "ready" && ourMs !== undefined) this.overhead.observe({ service }, ourMs / 1_000);
    if (kind === "failed") this.failures.inc({ service, reason: reason ?? "Unknown" });
  }

  private readAtScrape(registers: Registry[]): void {
    const fill = (each: (service: string, status: WorkloadStatus) => void) => this.each(each);
    new Gauge({
      name: "rouse_instances",
      help: "Instances by state.",
      labelNames: ["service", "state"],
      registers,
      collect() {
        this.reset();
        fill((service, { instances }) => {
          for (const [state, count] of Object.entries(instances)) this.set({ service, state }, count);
        });
      },
    });
    new Counter({
      name: "rouse_leases_total",
      help: "Requests given to an instance, by how it was found: cold, thawed or warm.",
      labelNames: ["service", "kind"],
      registers,
      collect() {
        this.reset();
        fill((service, { leases }) => {
          for (const [kind, count] of Object.entries(leases)) this.inc({ service, kind }, count);
        });
      },
    });
    new Counter({
      name: "rouse_instance_seconds_total",
      help: "Time that instances ran, frozen time not counted.",
      labelNames: ["service"],
      registers,
      collect() {
        this.reset();
        fill((service, { instanceSeconds }) => this.inc({ service }, instanceSeconds));
      },
    });
    new Counter({
      name: "rouse_prewarmed_total",
      help: "Instances started ahead of an expected event.",
      labelNames: ["service"],
      registers,
      collect() {
        this.reset();
        fill((service, { prewarmed }) => this.inc({ service }, prewarmed));
      },
    });
    new Gauge({
      name: "rouse_service_backlog",
      help: "Events that wait for a service.",
      labelNames: ["service"],
      registers,
      collect() {
        this.reset();
        fill((service, { backlog }) => this.set({ service }, backlog));
      },
    });
  }

  private each(told: (service: string, status: WorkloadStatus) => void): void {
    for (const key of this.keys) {
      const status = this.source?.status(key);
      if (status) told(key, status);
      else this.keys.delete(key);
    }
  }
}
