import { z } from "zod";
import type { CloudEventOverrides } from "./ce-overrides.ts";
import { commonColumns, fieldColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import { formatPath } from "./field-path.ts";
import { unchanged } from "./immutable.ts";
import { bootstrapServersSchema, validateBootstrapServers, validateTopic } from "./kafka-cluster.ts";
import { type KafkaNet, kafkaNetSchema, unsupportedInKafkaNet, validateKafkaNet } from "./kafka-net.ts";
import type { KindDefinition } from "./kind.ts";
import { validateNameText } from "./name-text.ts";
import { invalid, type Problem, required } from "./problem.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { deliveringSourceFields, sourceInNamespace, unsupportedInSource, validateSource } from "./source-spec.ts";

/** The specification of a KafkaSource. */
export interface KafkaSourceSpec {
  /** `host:port`, at least one. */
  readonly bootstrapServers: readonly string[];
  /** At least one. */
  readonly topics: readonly string[];
  /** Cannot be changed; absent: see {@link consumerGroupOf}. */
  readonly consumerGroup?: string | undefined;
  /** Members of the group that run here; 0 pauses the source. There after defaults. */
  readonly consumers: number;
  /** Where a group without committed offsets begins. There after defaults. */
  readonly initialOffset: "latest" | "earliest";
  /** There after defaults. */
  readonly ordering: "ordered" | "unordered";
  /** Retries and dead letters; only for a sink that is no broker. */
  readonly delivery?: DeliverySpec | undefined;
  readonly net?: KafkaNet | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** The state of a KafkaSource. */
export interface KafkaSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A source that reads topics of Kafka. */
export type KafkaSourceObject = ResourceObject<KafkaSourceSpec, KafkaSourceStatus>;

const keyTypes = ["string", "int", "float", "byte-array"] as const;

/** How the keys of records are read. */
export type KafkaKeyType = (typeof keyTypes)[number];

/** The label that says how keys are read. */
export const keyTypeLabel = "kafkasources.sources.knative.dev/key-type";

/** How the keys of an admitted source are read. */
export function keyTypeOf(source: KafkaSourceObject): KafkaKeyType {
  return keyTypes.find((each) => each === source.metadata.labels?.[keyTypeLabel]) ?? "string";
}

/**
 * The consumer group of a stored source: the one it names, or one of its own. That is derived from the uid, where
 * Knative writes a random one into `spec`: a document that names none can be applied again and again.
 */
export function consumerGroupOf(source: KafkaSourceObject): string {
  return source.spec.consumerGroup ?? `knative-kafka-source-${source.metadata.uid ?? ""}`;
}

const specSchema = z
  .strictObject({
    bootstrapServers: bootstrapServersSchema,
    topics: z.array(z.string()).describe("Topics that are read."),
    consumerGroup: z
      .string()
      .optional()
      .describe("Name of the consumer group; default: one of the source's own. Cannot be changed."),
    consumers: z.int().min(0).max(100).optional().describe("Members of the group; default 1, 0 pauses the source."),
    initialOffset: z
      .enum(["latest", "earliest"])
      .optional()
      .describe("Where the group begins when it has no offsets yet; default latest."),
    ordering: z
      .enum(["ordered", "unordered"])
      .optional()
      .describe("Whether the order of a partition is kept; default ordered."),
    net: kafkaNetSchema.optional(),
    ...deliveringSourceFields,
  })
  .describe("Which topics of which cluster become events, and where they go.");

/** KafkaSource (sources.knative.dev/v1, and v1beta1). */
export const kafkaSourceKind: KindDefinition<KafkaSourceObject> = {
  group: "sources.knative.dev",
  version: "v1",
  alsoServed: ["v1beta1"],
  kind: "KafkaSource",
  plural: "kafkasources",
  singular: "kafkasource",
  shortNames: [],
  categories: ["all", "knative", "eventing", "sources"],
  description: "Reads topics of Kafka and sends each record as an event.",
  spec: specSchema,
  specOptional: false,
  unsupported: { ...unsupportedInSource, ...unsupportedInKafkaNet("spec.net") },
  defaults(source) {
    const given: Partial<KafkaSourceSpec> = source.spec;
    const { consumers = 1, initialOffset = "latest", ordering = "ordered" } = given;
    const spec = { ...source.spec, consumers, initialOffset, ordering };
    return { ...source, spec: sourceInNamespace(spec, source.metadata.namespace) };
  },
  validate(source) {
    const { spec } = source;
    const common = validateSource(spec);
    const net = validateKafkaNet(spec.net, "spec.net");
    const group = spec.consumerGroup;
    const problems = [
      ...validateBootstrapServers(spec.bootstrapServers, "spec.bootstrapServers"),
      ...topicProblems(spec.topics),
      ...(group === undefined ? [] : validateNameText(group, "spec.consumerGroup", 255)),
      ...net.problems,
      ...common.problems,
      ...keyTypeProblems(source),
    ];
    return { problems, warnings: [...net.warnings, ...common.warnings] };
  },
  immutable(old, next) {
    const { uid } = old.metadata;
    const group = consumerGroupOf({ ...next, metadata: { ...next.metadata, uid } });
    return unchanged("spec.consumerGroup", consumerGroupOf(old), group);
  },
  columns: [
    fieldColumn("Topics", "spec.topics", "What is read."),
    fieldColumn("BootstrapServers", "spec.bootstrapServers", "Where it is read from."),
    ...commonColumns.slice(1),
    ...commonColumns.slice(0, 1),
  ],
  conditions: livingSet("SinkProvided", "ConnectionEstablished", "InitialOffsetsCommitted", "Deployed"),
};

function topicProblems(topics: readonly string[]): Problem[] {
  if (topics.length === 0) return [required("spec.topics", "at least one topic")];
  return topics.flatMap((topic, index) => {
    const path = `spec.topics[${index}]`;
    if (topics.indexOf(topic) < index) return [invalid(path, "each topic once", topic)];
    return validateTopic(topic, path);
  });
}

function keyTypeProblems({ metadata }: KafkaSourceObject): Problem[] {
  const given = metadata.labels?.[keyTypeLabel];
  if (given === undefined || keyTypes.some((each) => each === given)) return [];
  return [invalid(formatPath([keyTypeLabel], "metadata.labels"), `one of ${keyTypes.join(", ")}`, given)];
}
