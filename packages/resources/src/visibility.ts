import { rouseAnnotations } from "./annotations.ts";
import { readAnnotation } from "./object-annotations.ts";
import type { ResourceObject } from "./resource-object.ts";

/** Knative's label of a Service that only the cluster may reach. */
export const visibilityLabel = "networking.knative.dev/visibility";

/** What {@link visibilityLabel} says of a private Service. */
export const clusterLocal = "cluster-local";

/** Whether other clients may reach a Service: its annotation says so, and no label of Knative's that it is private. */
export function isPublic(service: ResourceObject): boolean {
  const isPrivate = service.metadata.labels?.[visibilityLabel] === clusterLocal;
  return !isPrivate && readAnnotation(service, rouseAnnotations.visibility) === "public";
}
