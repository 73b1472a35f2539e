import { redactSecret } from "@rouse/resources";
import { isSealed, sealedBytes } from "../secrets/seal.ts";
import type { JsonObject } from "../store/port.ts";

/** A Secret as clients see it: its keys, and how long the values are. */
export function hideValues(object: JsonObject): JsonObject {
  // Whoever wrote into the store by hand may have called it something else: what lies under its key is a Secret.
  const hidden = redactSecret({ ...object, apiVersion: "v1", kind: "Secret" });
  if (object.data === undefined) return hidden;
  const sizes = Object.entries(object.data as Readonly<Record<string, string>>).map(([key, text]) => [
    key,
    sizeOf(text),
  ]);
  return { ...hidden, status: { sizes: Object.fromEntries(sizes) } };
}

function sizeOf(text: string): string {
  const bytes = isSealed(text) ? sealedBytes(text) : Buffer.from(text, "base64").length;
  return bytes === 1 ? "1 byte" : `${bytes} bytes`;
}
