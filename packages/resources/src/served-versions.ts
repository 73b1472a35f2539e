import type { KindDefinition } from "./kind.ts";
import { formatApiVersion } from "./resource-object.ts";

type Versioned = Pick<KindDefinition, "group" | "version" | "alsoServed">;

/** The versions in which a kind is served, the stored one first. */
export function servedVersions({ version, alsoServed = [] }: Versioned): readonly string[] {
  return [version, ...alsoServed];
}

/** The same as apiVersions. */
export function servedApiVersions(definition: Versioned): readonly string[] {
  return servedVersions(definition).map((version) => formatApiVersion(definition.group, version));
}
