import type { KindDefinition } from "@rouse/resources";

/** Each kind once for every version in which it is served, with that version as its own. */
export function servedKinds(kinds: readonly KindDefinition[]): readonly KindDefinition[] {
  return kinds.flatMap((kind) => [kind.version, ...(kind.alsoServed ?? [])].map((version) => ({ ...kind, version })));
}
