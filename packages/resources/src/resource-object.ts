import type { Condition } from "./conditions.ts";
import type { ObjectMeta } from "./metadata.ts";

/** What the status of every kind has. */
export interface ResourceStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** An object of any kind, admitted: defaults are filled in, and the specification is valid. */
export interface ResourceObject<
  Spec extends object | undefined = object | undefined,
  Status extends ResourceStatus = ResourceStatus,
> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  /** Undefined, and not there, for a kind whose content does not lie under `spec` (Secret). */
  readonly spec: Spec;
  /** Kept and written apart from the rest; never part of what {@link admit} returns. */
  readonly status?: Status;
}

/** Group and version of an apiVersion: `v1` is the core group, which has an empty name. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.lastIndexOf("/");
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1) };
}

/** The apiVersion of a group and a version. */
export function formatApiVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}

/** `Trigger.eventing.knative.dev`, as Kubernetes names a kind in messages. */
export function kindName(of: { readonly group: string; readonly kind: string }): string {
  return of.group === "" ? of.kind : `${of.kind}.${of.group}`;
}

/**
 * The API path of a collection, or of one object when a name is given:
 * `/apis/<group>/<version>/namespaces/<namespace>/<plural>/<name>`.
 */
export function pathOf(
  of: { readonly group: string; readonly version: string; readonly plural: string },
  namespace: string | undefined,
  name?: string,
): string {
  const root = of.group === "" ? `/api/${of.version}` : `/apis/${of.group}/${of.version}`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${of.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}
