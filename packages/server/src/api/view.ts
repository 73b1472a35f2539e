import { apiVersionOf, type KindDefinition } from "@rouse/resources";
import { isSecret } from "../secrets/vault.ts";
import type { Entry, JsonObject } from "../store/port.ts";
import { hideValues } from "./secret-view.ts";

/**
 * What an object's status says beside what is stored: numbers that change too often for that. Asked whenever the object is
 * read; undefined where there is nothing to say.
 */
export type Reading = (entry: Entry) => JsonObject | undefined;

/**
 * An entry as clients see it in the version they asked for: the document with its resourceVersion and its status, and what
 * `reading` adds to that.
 */
export function toView(entry: Entry, kind: KindDefinition, reading?: Reading): JsonObject {
  const { apiVersion, kind: name, metadata, ...rest } = toBareView(entry.object, kind);
  const read = reading?.(entry);
  const status = read ? { ...entry.status, ...read } : entry.status;
  return {
    apiVersion,
    kind: name,
    metadata: { ...(metadata as JsonObject), resourceVersion: String(entry.revision) },
    ...rest,
    ...(status === undefined ? {} : { status }),
  };
}

/** The same of a document that is not stored. The values of a Secret are in neither. */
export function toBareView(object: JsonObject, kind: KindDefinition): JsonObject {
  const shown = isSecret(kind) ? hideValues(object) : object;
  return { ...shown, apiVersion: apiVersionOf(kind) };
}
