import type { Entry, JsonObject } from "../store/port.ts";

/** An entry as clients see it: the document with its resourceVersion and its status. */
export function toView(entry: Entry): JsonObject {
  const { apiVersion, kind, metadata, ...rest } = entry.object;
  return {
    apiVersion,
    kind,
    metadata: { ...(metadata as JsonObject), resourceVersion: String(entry.revision) },
    ...rest,
    ...(entry.status === undefined ? {} : { status: entry.status }),
  };
}
