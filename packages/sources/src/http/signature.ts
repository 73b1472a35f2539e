import { createHmac, timingSafeEqual } from "node:crypto";

/** How a signature is made and written. */
export interface SignatureForm {
  readonly algorithm: "sha1" | "sha256" | "sha384" | "sha512";
  readonly encoding: "hex" | "base64" | "base64url";
}

/** More signatures than that in one header are not looked at: no sender has so many keys in use. */
const signaturesMax = 8;

/**
 * True when one of the signatures is the HMAC of the signed pieces under one of the secrets. The time it takes depends
 * on how many there are and how long they are, not on what is in them.
 */
export function isSigned(
  form: SignatureForm,
  secrets: readonly Uint8Array[],
  signatures: readonly string[],
  pieces: readonly (string | Uint8Array)[],
): boolean {
  const given = signatures.slice(0, signaturesMax).map((text) => Buffer.from(text, form.encoding));
  let fits = false;
  for (const secret of secrets) {
    const hmac = createHmac(form.algorithm, secret);
    for (const piece of pieces) hmac.update(piece);
    const wanted = hmac.digest();
    for (const one of given) {
      // The length of a digest is no secret.
      if (one.length === wanted.length && timingSafeEqual(one, wanted)) fits = true;
    }
  }
  return fits;
}

/** Compares a shared token with secrets, in a time that tells nothing of them but whether one fits. */
export function isToken(given: string, secrets: readonly Uint8Array[]): boolean {
  const key = "compared by digest, so that all have one length";
  const digest = (text: string | Uint8Array) => createHmac("sha256", key).update(text).digest();
  const wanted = digest(given);
  let fits = false;
  for (const secret of secrets) if (timingSafeEqual(digest(secret), wanted)) fits = true;
  return fits;
}
