import type { CloudEventOverrides } from "./ce-overrides.ts";
import type { Destination } from "./destination.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";

/** The specification of a SinkBinding: whose processes get `K_SINK` and `K_CE_OVERRIDES`. */
export interface SinkBindingSpec {
  readonly subject: BindingSubject;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** Services of the binding's namespace: one by its name, or those with all of the labels. */
export interface BindingSubject {
  readonly apiVersion: "serving.knative.dev/v1";
  readonly kind: "Service";
  /** There after defaults: that of the binding. */
  readonly namespace: string;
  readonly name?: string | undefined;
  /** Excludes name. */
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> } | undefined;
}

/** The state of a SinkBinding. */
export interface SinkBindingStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** Gives Services the address of a sink. */
export type SinkBindingObject = ResourceObject<SinkBindingSpec, SinkBindingStatus>;
