import type { KafkaMessage } from "kafkajs";
import type { KafkaRecord } from "./record.ts";

/** A message of the client as a record. */
export function consumedRecord(topic: string, partition: number, message: KafkaMessage): KafkaRecord {
  const { offset, timestamp, key, value, headers } = message;
  return { topic, partition, offset, timestamp, key, value, headers: headersOf(headers) };
}

/** Deterministic, so that a record read twice is one event; the timestamp tells a topic from one made anew. */
export function recordMessageId(uid: string, topic: string, partition: number, message: KafkaMessage): string {
  return `${uid}/${topic}/${partition}/${message.offset}/${message.timestamp}`;
}

const noHeaders: KafkaRecord["headers"] = [];

/**
 * The client groups headers by name: those of one name stay in order. It does so in a plain object, so that what every
 * object has (`constructor`, `toString`, `__proto__`) comes before the value of a header of that name.
 */
function headersOf(headers: KafkaMessage["headers"]): KafkaRecord["headers"] {
  if (headers === undefined) return noHeaders;
  const list: [string, Uint8Array | null][] = [];
  for (const name in headers) {
    const values = headers[name];
    if (Array.isArray(values)) for (const value of values.filter(isValue)) list.push([name, bytesOf(value)]);
    else list.push([name, bytesOf(values)]);
  }
  return list;
}

function isValue(value: unknown): boolean {
  return value === null || typeof value === "string" || value instanceof Uint8Array;
}

function bytesOf(value: Buffer | string | null | undefined): Uint8Array | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? Buffer.from(value) : value;
}
