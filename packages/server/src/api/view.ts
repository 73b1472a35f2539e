import { apiVersionOf, type KindDefinition } from "@rouse/resources";
import { isSecret } from "../secrets/vault.ts";
import type { Entry, JsonObject } from "../store/port.ts";
import { hideValues } from "./secret-view.ts";

/** An entry as clients see it in the version they asked for: the document with its resourceVersion and its status. */
export function toView(entry: Entry, kind: KindDefinition): JsonObject {
  const { apiVersion, kind: name, metadata, ...rest } = toBareView(entry.object, kind);
  return {
    apiVersion,
    kind: name,
    metadata: { ...(metadata as JsonObject), resourceVersion: String(entry.revision) },
    ...rest,
    ...(entry.status === undefined ? {} : { status: entry.status }),
  };
}

/** The same of a document that is not stored. The values of a Secret are in neither. */
export function toBareView(object: JsonObject, kind: KindDefinition): JsonObject {
  const shown = isSecret(kind) ? hideValues(object) : object;
  return { ...shown, apiVersion: apiVersionOf(kind) };
}
