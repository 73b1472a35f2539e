import type { JournalEntry } from "@rouse/broker";
import type { InstanceChange, WorkloadStatus } from "@rouse/serving-client";
import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import { ServiceMetrics } from "./service-metrics.ts";

const dispatchBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Whoever runs services and knows how each of them is doing. */
export interface ServiceNumbers {
  status(key: string): WorkloadStatus | undefined;
}

/** The counters of one server, fed by its journal; Knative's names where the meaning is equal. */
export class Metrics {
  readonly registry = new Registry();
  private readonly stored = new Counter({
    name: "rouse_events_stored_total",
    help: "Events accepted and stored, duplicates included.",
    labelNames: ["namespace", "broker", "duplicate"],
    registers: [this.registry],
  });
  private readonly attempts = new Counter({
    name: "rouse_delivery_attempts_total",
    help: "Delivery attempts by what became of them.",
    labelNames: ["namespace", "broker", "trigger", "stage", "verdict"],
    registers: [this.registry],
  });
  private readonly dead = new Counter({
    name: "rouse_dead_records_total",
    help: "Events given up, by reason.",
    labelNames: ["namespace", "broker", "trigger", "reason"],
    registers: [this.registry],
  });
  private readonly dispatch = new Histogram({
    name: "kn_eventing_dispatch_duration_seconds",
    help: "The time to deliver an event to its subscriber, by response status.",
    labelNames: ["kn_broker_namespace", "kn_broker_name", "http_response_status_code"],
    buckets: dispatchBuckets,
    registers: [this.registry],
  });

  private readonly services: ServiceMetrics;

  /** @param services asked at each scrape about every service of which an instance was heard. */
  constructor(services?: ServiceNumbers) {
    this.services = new ServiceMetrics(this.registry, services);
    collectDefaultMetrics({ register: this.registry });
  }

  readonly record = (entry: JournalEntry): void => {
    const place = { namespace: entry.namespace, broker: entry.broker };
    if (entry.kind === "stored") this.stored.inc({ ...place, duplicate: String(entry.duplicate) });
    if (entry.kind === "dead") this.dead.inc({ ...place, trigger: entry.trigger, reason: entry.reason });
    if (entry.kind !== "attempt") return;
    this.attempts.inc({ ...place, trigger: entry.trigger, stage: entry.stage, verdict: entry.verdict });
    const { note } = entry;
    if (note?.responseMs === undefined) return;
    this.dispatch.observe(
      {
        kn_broker_namespace: entry.namespace,
        kn_broker_name: entry.broker,
        http_response_status_code: String(note.status ?? 0),
      },
      note.responseMs / 1_000,
    );
  };

  readonly recordInstance = (change: InstanceChange): void => {
    this.services.record(change);
  };
}
