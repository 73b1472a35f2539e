import { messageOf } from "@rouse/base";

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
export function produceFailure(error: unknown, topic: string): ProduceFailure {
  const { type, message } = rootOf(error);
  switch (type) {
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
      return unavailable(message);
  }
}

function unavailable(message: string): ProduceFailure {
  return { kind: "unavailable", message };
}

/** The innermost error: the client wraps Kafka's own in what its retries came to. */
function rootOf(error: unknown): { readonly type: string | undefined; readonly message: string } {
  let current = error;
  let type: string | undefined;
  for (let depth = 0; depth < 8 && typeof current === "object" && current !== null; depth++) {
    if ("type" in current && typeof current.type === "string") {
      type = current.type;
      break;
    }
    const inner = innerOf(current);
    if (inner === undefined) break;
    current = inner;
  }
  return { type, message: messageOf(current) || messageOf(error) };
}

function innerOf(error: object): unknown {
  if ("errors" in error && Array.isArray(error.errors) && error.errors.length > 0) return error.errors[0];
  return "cause" in error && error.cause !== error ? (error.cause ?? undefined) : undefined;
}
