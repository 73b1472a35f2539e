import type { CloudEventOverrides } from "./ce-overrides.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import type { EnvironmentVariable } from "./environment.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";

/** The container of a ContainerSource. */
export interface SourceContainer {
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly EnvironmentVariable[] | undefined;
}

/** The specification of a ContainerSource: what is kept running, and where its events go. */
export interface ContainerSourceSpec {
  /** There after defaults. */
  readonly template: {
    readonly metadata?:
      | {
          readonly name?: string | undefined;
          readonly labels?: Readonly<Record<string, string>> | undefined;
          readonly annotations?: Readonly<Record<string, string>> | undefined;
          readonly creationTimestamp?: string | undefined;
        }
      | undefined;
    readonly spec: {
      /** At most one; absent or empty when a command annotation says what to run. */
      readonly containers?: readonly SourceContainer[] | undefined;
    };
  };
  /** Retries and dead letters; only for a sink that is no broker. */
  readonly delivery?: DeliverySpec | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** The state of a ContainerSource. */
export interface ContainerSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A process or container that sends events itself, to the URL in its variable `K_SINK`. */
export type ContainerSourceObject = ResourceObject<ContainerSourceSpec, ContainerSourceStatus>;
