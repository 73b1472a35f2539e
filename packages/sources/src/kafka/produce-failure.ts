import { messageOf } from "@rouse/base";
import type { KafkaConnection } from "./connection.ts";
import { kafkaWords } from "./trouble-words.ts";

/** Why records were not stored, as the sink must know it. */
export interface ProduceFailure {
  /**
   * - `too-large`: the topic takes no batch of this size; smaller ones may go.
   * - `record-invalid`: one of the records is not what the topic takes; the others may go.
   * - `unavailable`: anything else, that time or an operator can mend.
   */
  readonly kind: "too-large" | "record-invalid" | "unavailable";
  /** For an operator: what is wrong, and where it helps what to do. */
  readonly message: string;
}

/** Turns what the client throws into a failure. Kafka's own codes count, however deep the client wrapped them. */
export function produceFailure(
  error: unknown,
  { topic, connection }: { readonly topic: string; readonly connection: KafkaConnection },
): ProduceFailure {
  const root = rootOf(error);
  const message = messageOf(root);
  switch (typeOf(root)) {
    case "MESSAGE_TOO_LARGE":
    case "RECORD_LIST_TOO_LARGE":
      return { kind: "too-large", message: `topic "${topic}" takes no record of this size (max.message.bytes)` };
    case "INVALID_RECORD":
      return { kind: "record-invalid", message: `topic "${topic}" refused the record: ${message}` };
    case "UNKNOWN_TOPIC_OR_PARTITION":
      return unavailable(
        `topic "${topic}" does not exist, or may not be seen; create it, or set numPartitions and replicationFactor`,
      );
    case "TOPIC_AUTHORIZATION_FAILED":
      return unavailable(`the user may not write to topic "${topic}"; allow WRITE and DESCRIBE (CREATE to make it)`);
    case "CLUSTER_AUTHORIZATION_FAILED":
      return unavailable("the user may not do this on the cluster; allow CREATE to have the topic made");
    case "INVALID_TOPIC_EXCEPTION":
      return unavailable(`"${topic}" is no name that Kafka allows for a topic`);
    case "INVALID_REPLICATION_FACTOR":
      return unavailable(`topic "${topic}" cannot be created: ${message}; lower replicationFactor, or add brokers`);
    case "INVALID_PARTITIONS":
      return unavailable(`topic "${topic}" cannot be created: ${message}; change numPartitions`);
    case "NOT_ENOUGH_REPLICAS":
    case "NOT_ENOUGH_REPLICAS_AFTER_APPEND":
      return unavailable(`topic "${topic}" has fewer replicas in sync than min.insync.replicas; brokers are down`);
    default:
      return unavailable(kafkaWords(root, { connection, topics: [topic] }));
  }
}

function unavailable(message: string): ProduceFailure {
  return { kind: "unavailable", message };
}

/** The error with Kafka's own code, or the innermost one: the client wraps them in what its retries came to. */
function rootOf(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 8 && typeOf(current) === undefined; depth++) {
    const inner = innerOf(current);
    if (inner === undefined || inner === null) break;
    current = inner;
  }
  return current;
}

function typeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("type" in error)) return undefined;
  return typeof error.type === "string" ? error.type : undefined;
}

function innerOf(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  if ("errors" in error && Array.isArray(error.errors) && error.errors.length > 0) return error.errors[0];
  return "cause" in error ? error.cause : undefined;
}
