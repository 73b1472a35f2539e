import { z } from "zod";
import { commonColumns, fieldColumn, type PrinterColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import { unchanged } from "./immutable.ts";
import { bootstrapServersSchema, validateBootstrapServers, validateTopic } from "./kafka-cluster.ts";
import type { KindDefinition } from "./kind.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { type SecretAuth, secretAuthSchema, validateSecretAuth } from "./secret-reference.ts";

/** The specification of a KafkaSink. */
export interface KafkaSinkSpec {
  /** Cannot be changed. */
  readonly topic: string;
  /** `host:port`, at least one. */
  readonly bootstrapServers: readonly string[];
  /** There after defaults. */
  readonly contentMode: "binary" | "structured";
  /** This or replicationFactor given: a topic that is missing is created, the other by the cluster's default. Cannot be changed. */
  readonly numPartitions?: number | undefined;
  /** Cannot be changed. */
  readonly replicationFactor?: number | undefined;
  /** The Secret has `protocol`, `sasl.mechanism`, `user`, `password`, `ca.crt`, `user.crt` and `user.key`, as needed. */
  readonly auth?: SecretAuth | undefined;
}

/** The state of a sink that takes events at a URL. */
export interface SinkStatus extends ResourceStatus {
  readonly address?: { readonly url: string };
}

/** An addressable that writes events to a topic of Kafka. */
export type KafkaSinkObject = ResourceObject<KafkaSinkSpec, SinkStatus>;

/** How events are written to a system that is no CloudEvents broker. */
export const contentModeSchema: z.ZodType<"binary" | "structured" | undefined> = z
  .enum(["binary", "structured"])
  .optional()
  .describe("Attributes as headers (binary, the default), or the whole event as JSON (structured).");

/** The columns of a sink. */
export const sinkColumns: readonly PrinterColumn[] = [
  fieldColumn("URL", "status.address.url", "Where it takes events."),
  ...commonColumns,
];

const specSchema = z
  .strictObject({
    topic: z.string().describe("The topic that is written to. Cannot be changed."),
    bootstrapServers: bootstrapServersSchema,
    contentMode: contentModeSchema,
    numPartitions: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe("Partitions of the topic, which is then created when it is missing. Cannot be changed."),
    replicationFactor: z.int().min(1).max(32_767).optional().describe("Copies of the topic. Cannot be changed."),
    auth: secretAuthSchema.optional().describe("How to connect when it takes more than an address."),
  })
  .describe("Which topic of which cluster events are written to.");

/** KafkaSink (eventing.knative.dev/v1alpha1). */
export const kafkaSinkKind: KindDefinition<KafkaSinkObject> = {
  group: "eventing.knative.dev",
  version: "v1alpha1",
  kind: "KafkaSink",
  plural: "kafkasinks",
  singular: "kafkasink",
  shortNames: [],
  categories: ["all", "knative", "eventing"],
  description: "Takes events and writes them to a topic of Kafka.",
  spec: specSchema,
  specOptional: false,
  unsupported: {},
  defaults(sink) {
    const { contentMode = "binary" }: Partial<KafkaSinkSpec> = sink.spec;
    return { ...sink, spec: { ...sink.spec, contentMode } };
  },
  validate({ spec }) {
    const problems = [
      ...validateTopic(spec.topic, "spec.topic"),
      ...validateBootstrapServers(spec.bootstrapServers, "spec.bootstrapServers"),
      ...validateSecretAuth(spec.auth, "spec.auth"),
    ];
    return { problems, warnings: [] };
  },
  immutable(old, next) {
    const fields = ["topic", "numPartitions", "replicationFactor"] as const;
    return fields.flatMap((field) => unchanged(`spec.${field}`, old.spec[field], next.spec[field]));
  },
  columns: sinkColumns,
  conditions: livingSet("TopicReady", "Addressable"),
};
