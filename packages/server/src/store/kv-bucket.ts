import { JetStreamApiCodes, JetStreamApiError, jetstream, StorageType } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";

/** What a bucket is made with; a bucket that exists is taken as it is. */
export interface BucketOptions {
  readonly name: string;
  /** Versions kept per key. */
  readonly history: number;
  readonly replicas: number;
}

/** How long one request to JetStream may take, in milliseconds. */
export const requestTimeoutMs = 5_000;

/** Opens the bucket, making it when it is missing. Direct gets stay off: a follower may answer them with the past. */
export function openBucket(connection: NatsConnection, options: BucketOptions): Promise<KV> {
  return new Kvm(jetstream(connection, { timeout: requestTimeoutMs })).create(options.name, {
    history: options.history,
    replicas: options.replicas,
    storage: StorageType.File,
    allow_direct: false,
  });
}

/** True when a conditional write was refused because the key was written in between. */
export function isWrongSequence(thrown: unknown): boolean {
  return (
    thrown instanceof JetStreamApiError &&
    (thrown.code === JetStreamApiCodes.StreamWrongLastSequence ||
      thrown.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}
