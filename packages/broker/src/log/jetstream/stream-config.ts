import type { StreamConfig } from "../engine.ts";

/** The fields of a stream's configuration that we set, as the API names them; all known to nats-server 2.9. */
export interface WireStreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: "limits" | "workqueue";
  readonly storage: "file";
  readonly discard: "old" | "new";
  readonly max_age: number;
  readonly max_bytes: number;
  readonly duplicate_window: number;
  readonly num_replicas: number;
  readonly allow_direct: boolean;
}

/** Nanoseconds, as the API counts time. */
export const nanosPerMs = 1_000_000;

/** The configuration as the API wants it. The server refuses a duplicate window that is longer than the age limit. */
export function toWire(config: StreamConfig): WireStreamConfig {
  const windowMs = config.maxAgeMs > 0 ? Math.min(config.duplicateWindowMs, config.maxAgeMs) : config.duplicateWindowMs;
  return {
    name: config.name,
    subjects: config.subjects,
    retention: config.retention,
    storage: "file",
    discard: config.discard,
    max_age: config.maxAgeMs * nanosPerMs,
    max_bytes: config.maxBytes === 0 ? -1 : config.maxBytes,
    duplicate_window: windowMs * nanosPerMs,
    num_replicas: config.replicas,
    allow_direct: false,
  };
}

/**
 * The configuration to be sent for an update: what the server has, with our fields; undefined when nothing differs.
 * Fields that we do not set stay as an operator set them.
 */
export function updateOf(current: object, wanted: WireStreamConfig): object | undefined {
  const known = current as Record<string, unknown>;
  const differs = Object.entries(wanted).some(([name, value]) => {
    const absent = name === "allow_direct" ? false : undefined;
    return JSON.stringify(known[name] ?? absent) !== JSON.stringify(value);
  });
  return differs ? { ...known, ...wanted } : undefined;
}
