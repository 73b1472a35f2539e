import type { CloudEventOverrides } from "./ce-overrides.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import type { SecretAuth } from "./secret-reference.ts";

/** The specification of a NatsSource: a subject of core NATS, or a JetStream stream that is there already. */
export interface NatsSourceSpec {
  /** `nats://` or `tls://` URLs; absent: the NATS that rouse itself is kept on. */
  readonly servers?: readonly string[] | undefined;
  /** Excludes stream. */
  readonly subject?: string | undefined;
  /** Only with subject. */
  readonly queueGroup?: string | undefined;
  /** Excludes subject. */
  readonly stream?: NatsStream | undefined;
  /** The Secret has `user` and `password`, `token` or `creds`, and `ca.crt`, `tls.crt`, `tls.key`, as needed. */
  readonly auth?: SecretAuth | undefined;
  /** Retries and dead letters; only for a sink that is no broker. */
  readonly delivery?: DeliverySpec | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** What is read of a JetStream stream. Cannot be changed. */
export interface NatsStream {
  readonly name: string;
  /** Subjects that are wanted; empty or absent: all. There after defaults; `filterSubject` is written into it. */
  readonly filterSubjects: readonly string[];
  /** The durable consumer's name; absent: `rouse-<uid>`. */
  readonly durable?: string | undefined;
  /** Where a consumer that is new begins. There after defaults (`new`). */
  readonly deliverPolicy: "new" | "all";
}

/** The state of a NatsSource. */
export interface NatsSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A source that reads messages of NATS. */
export type NatsSourceObject = ResourceObject<NatsSourceSpec, NatsSourceStatus>;
