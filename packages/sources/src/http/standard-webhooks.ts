import { type Distrust, missing, type SignatureCheck, staleness, wrong } from "./preset.ts";
import { isSigned } from "./signature.ts";

const keyPrefix = "whsec_";

/** The key of a signing secret in the form of Standard Webhooks; undefined when it is another kind of secret. */
export function signingKey(secret: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(secret).toString("latin1");
  return text.startsWith(keyPrefix) ? new Uint8Array(Buffer.from(text.slice(keyPrefix.length), "base64")) : undefined;
}

/** Checks the signature of Standard Webhooks: id, time and body, several signatures separated by spaces. */
export function standardDistrust(check: SignatureCheck, keys: readonly Uint8Array[]): Distrust | undefined {
  const { headers, body } = check;
  const hint = "a secret that begins with whsec_ wants a signed delivery: give the sender the same signing token";
  const id = headers.one("webhook-id");
  const time = headers.one("webhook-timestamp");
  const given = headers.one("webhook-signature");
  if (id === undefined) return missing(headers, "webhook-id", hint);
  if (time === undefined) return missing(headers, "webhook-timestamp", hint);
  if (given === undefined) return missing(headers, "webhook-signature", hint);
  const signatures = given
    .split(" ")
    .filter((one) => one.startsWith("v1,"))
    .map((one) => one.slice(3));
  const form = { algorithm: "sha256", encoding: "base64" } as const;
  const real = keys.filter((key) => key.length > 0);
  if (!isSigned(form, real, signatures, [`${id}.${time}.`, body])) return wrong("webhook-signature");
  return staleness(time, "webhook-timestamp", check);
}
