import type { CloudEventOverrides } from "./ce-overrides.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import type { SecretValue } from "./secret-reference.ts";

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

/** How a KafkaSource connects; every value lies in a Secret. */
export interface KafkaNet {
  readonly tls?:
    | {
        /** Absent is false: the rest of the block has no effect. */
        readonly enable?: boolean | undefined;
        readonly cert?: SecretValue | undefined;
        readonly key?: SecretValue | undefined;
        readonly caCert?: SecretValue | undefined;
      }
    | undefined;
  readonly sasl?:
    | {
        /** Absent is false: the rest of the block has no effect. */
        readonly enable?: boolean | undefined;
        readonly user?: SecretValue | undefined;
        /** With the mechanism OAUTHBEARER: the token. */
        readonly password?: SecretValue | undefined;
        /** The mechanism: PLAIN (when absent), SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER. */
        readonly type?: SecretValue | undefined;
      }
    | undefined;
}

/** The state of a KafkaSource. */
export interface KafkaSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A source that reads topics of Kafka. */
export type KafkaSourceObject = ResourceObject<KafkaSourceSpec, KafkaSourceStatus>;

/** How the keys of records are read. */
export type KafkaKeyType = "string" | "int" | "float" | "byte-array";

/** The label that says how keys are read. */
export const keyTypeLabel = "kafkasources.sources.knative.dev/key-type";
