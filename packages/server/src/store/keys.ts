import type { ObjectId, ResourceType } from "./port.ts";

/** What a key of the bucket holds. */
export type StoreKey =
  | { readonly kind: "object"; readonly id: ObjectId }
  | { readonly kind: "status"; readonly uid: string }
  | { readonly kind: "other" };

/** The key of an object's document: `object.<plural>_<group>.<namespace or _>.<name>`; the name may hold dots. */
export function objectKey(id: ObjectId): string {
  return `object.${typeToken(id)}.${id.namespace || "_"}.${id.name}`;
}

/** The key of a status. It holds the uid, so that a status can be stored before its object and never meets another. */
export function statusKey(type: ResourceType, namespace: string, uid: string): string {
  return `status.${typeToken(type)}.${namespace || "_"}.${uid}`;
}

/** One token for a kind. Neither plurals nor groups contain an underscore, so it can be read back. */
export function typeToken(type: ResourceType): string {
  return `${type.plural}_${type.group.replaceAll(".", "_")}`;
}

/** Reads a key; `other` is what this version does not know. */
export function parseKey(key: string): StoreKey {
  const [first, token = "", space = "", ...rest] = key.split(".");
  const separator = token.indexOf("_");
  if (rest.length === 0 || separator < 1) return { kind: "other" };
  const last = rest.join(".");
  if (first === "status") return { kind: "status", uid: last };
  if (first !== "object") return { kind: "other" };
  const plural = token.slice(0, separator);
  const group = token.slice(separator + 1).replaceAll("_", ".");
  return { kind: "object", id: { group, plural, namespace: space === "_" ? "" : space, name: last } };
}
