import { createHash } from "node:crypto";

/** Tells whether what something runs with has changed, without keeping the values of Secrets that are part of it. */
export function fingerprintOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64");
}
