import type { KafkaHeader } from "@rouse/events";

/** A record as it was read from a topic. */
export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  /** A decimal number of up to 64 bits. */
  readonly offset: string;
  /** Milliseconds since the epoch, decimal; negative when the record has none. */
  readonly timestamp: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** In order, duplicates kept. */
  readonly headers: readonly KafkaHeader[];
}

/** How the key of a record becomes an attribute; the values of the label `kafkasources.sources.knative.dev/key-type`. */
export type KafkaKeyType = "string" | "int" | "float" | "byte-array";
