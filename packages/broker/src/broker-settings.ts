import { hopsDefault } from "./hops.ts";
import type { JetstreamNames } from "./jetstream-names.ts";
import type { StreamConfig } from "./log/engine.ts";

const dayMs = 86_400_000;

/** How a broker keeps what it stores. */
export interface BrokerSettings {
  /** Events older than this leave the log; default 7 days. 0: no limit. */
  readonly logMaxAgeMs: number;
  /** The log's size; above it the oldest events leave. Default 0: no limit. */
  readonly logMaxBytes: number;
  /** Two events of the same identity within this are one; default 2 minutes. */
  readonly duplicateWindowMs: number;
  /** Dead records older than this go; default 14 days. 0: no limit. */
  readonly deadMaxAgeMs: number;
  /** Copies of every stream in a cluster; default 1. */
  readonly replicas: number;
  /** Brokers that an event may pass; default 255. */
  readonly maxHops: number;
  /** How long closing waits for attempts under way; default 10,000. */
  readonly drainMs: number;
}

export const brokerSettingsDefault: BrokerSettings = {
  logMaxAgeMs: 7 * dayMs,
  logMaxBytes: 0,
  duplicateWindowMs: 120_000,
  deadMaxAgeMs: 14 * dayMs,
  replicas: 1,
  maxHops: hopsDefault,
  drainMs: 10_000,
};

/** Long enough for a process to be down between storing a copy and acking what it was made from. */
const copyWindowMs = 600_000;

/** The streams of one broker. */
export function streamConfigs(names: JetstreamNames, settings: BrokerSettings) {
  const { replicas } = settings;
  const log: StreamConfig = {
    name: names.logStream,
    subjects: [names.logSubjects],
    retention: "limits",
    maxAgeMs: settings.logMaxAgeMs,
    maxBytes: settings.logMaxBytes,
    duplicateWindowMs: settings.duplicateWindowMs,
    replicas,
    discard: "old",
  };
  const lane: StreamConfig = {
    name: names.laneStream,
    subjects: [names.laneSubjects],
    retention: "workqueue",
    maxAgeMs: 0,
    maxBytes: 0,
    duplicateWindowMs: copyWindowMs,
    replicas,
    discard: "new",
  };
  const dead: StreamConfig = {
    name: names.deadStream,
    subjects: [names.deadSubjects],
    retention: "limits",
    maxAgeMs: settings.deadMaxAgeMs,
    maxBytes: 0,
    duplicateWindowMs: settings.deadMaxAgeMs === 0 ? copyWindowMs : Math.min(copyWindowMs, settings.deadMaxAgeMs),
    replicas,
    discard: "old",
  };
  return { log, lane, dead };
}
