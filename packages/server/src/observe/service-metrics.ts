import type { WorkloadStatus } from "@rouse/serving-client";
import { Counter, Gauge, type Registry } from "prom-client";

/** What is counted elsewhere: its metrics are filled when they are read. */
interface Source {
  status(key: string): WorkloadStatus | undefined;
}

/** The metrics of services that the serving client counts itself, one series a service, and those few of its states. */
export class ServiceMetrics {
  private readonly source: Source;
  private readonly keys = new Set<string>();

  constructor(registry: Registry, source: Source) {
    this.source = source;
    const registers = [registry];
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

  /** There is, or was, such a service. */
  heardOf(key: string): void {
    this.keys.add(key);
  }

  private each(told: (service: string, status: WorkloadStatus) => void): void {
    for (const key of this.keys) {
      const status = this.source.status(key);
      if (status) told(key, status);
      else this.keys.delete(key);
    }
  }
}
