import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import type { SecretAuth } from "./secret-reference.ts";

/** The specification of a KafkaSink. */
export interface KafkaSinkSpec {
  /** Cannot be changed. */
  readonly topic: string;
  /** `host:port`, at least one. */
  readonly bootstrapServers: readonly string[];
  /** There after defaults. */
  readonly contentMode: "binary" | "structured";
  /** With replicationFactor: the topic is created when it is missing. Cannot be changed. */
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
