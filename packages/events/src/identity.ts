import { hash } from "node:crypto";
import type { CloudEvent } from "./event.ts";

const identityLength = 32;

/**
 * What makes two events the same one: 192 bits of SHA-256 over source, NUL and id, as 32 characters of base64url.
 * Stable for ever, because it is stored as message id; no attribute can hold NUL, so no two pairs give the same text.
 */
export function identityOf(event: CloudEvent): string {
  const { source, id } = event.attributes;
  return hash("sha256", `${source}\0${id}`, "base64url").slice(0, identityLength);
}
