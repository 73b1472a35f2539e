import { createCipheriv, createDecipheriv, createHash } from "node:crypto";

/** A key that values are sealed with. */
export interface SealingKey {
  /** Eight hexadecimal digits made of the key, which do not give it away: they tell which key a value needs. */
  readonly id: string;
  readonly bytes: Buffer;
}

/** What came of opening a sealed value. */
export type Opened =
  | { readonly kind: "opened"; readonly value: Buffer }
  /** It was sealed with a key that is not here. */
  | { readonly kind: "wrong-key"; readonly keyId: string }
  /** The key is right, and yet: changed by someone, or taken from another object. */
  | { readonly kind: "tampered" }
  /** No sealed value of a form that this version knows. */
  | { readonly kind: "unreadable" };

/** Bytes of a key. */
export const keyBytes = 32;
/** Bytes of a nonce; it must be random, and never come twice with the same key. */
export const nonceBytes = 12;
const tagBytes = 16;
const prefix = "sealed:";
const version = "v1";

/** A key of 32 bytes with its id. Throws a TypeError for another length. */
export function sealingKey(bytes: Uint8Array): SealingKey {
  if (bytes.length !== keyBytes) throw new TypeError(`expected a key of ${keyBytes} bytes, got ${bytes.length}`);
  const id = createHash("sha256").update("rouse key id\0").update(bytes).digest("hex").slice(0, 8);
  return { id, bytes: Buffer.from(bytes) };
}

/** True for the text of a sealed value: it has a colon, which base64 has not. */
export function isSealed(text: string): boolean {
  return text.startsWith(prefix);
}

/** The id of the key that a text was sealed with; undefined for what is no sealed value of this version. */
export function sealedWith(text: string): string | undefined {
  return /^sealed:v1:([0-9a-f]{8}):/.exec(text)?.[1];
}

/** How long the value is that a text was sealed from. */
export function sealedBytes(text: string): number {
  return Buffer.from(text.slice(text.lastIndexOf(":") + 1), "base64url").length - nonceBytes - tagBytes;
}

/**
 * Seals a value with AES-256-GCM: `sealed:v1:<key id>:<base64url of nonce, ciphertext and tag>`. It opens only for the
 * same `place` (the parts that say whose value it is), so nobody can move it to an object whose values they can see.
 */
export function seal(value: Uint8Array, key: SealingKey, place: readonly string[], nonce: Uint8Array): string {
  const head = `${prefix}${version}:${key.id}`;
  const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associated(head, place));
  const sealed = Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
  return `${head}:${sealed.toString("base64url")}`;
}

/** Opens a sealed value with the key that it names. */
export function open(text: string, keys: readonly SealingKey[], place: readonly string[]): Opened {
  const match = /^(sealed:v1:([0-9a-f]{8})):([\w-]+)$/.exec(text);
  const sealed = Buffer.from(match?.[3] ?? "", "base64url");
  if (!match || sealed.length < nonceBytes + tagBytes) return { kind: "unreadable" };
  const keyId = match[2]!;
  const key = keys.find(({ id }) => id === keyId);
  if (!key) return { kind: "wrong-key", keyId };
  const end = sealed.length - tagBytes;
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associated(match[1]!, place));
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return {
      kind: "opened",
      value: Buffer.concat([decipher.update(sealed.subarray(nonceBytes, end)), decipher.final()]),
    };
  } catch {
    return { kind: "tampered" };
  }
}

/** Lengths before the parts, so that no two places look alike. */
function associated(head: string, place: readonly string[]): Buffer {
  return Buffer.from([head, ...place].map((part) => `${Buffer.byteLength(part)}:${part}`).join(""));
}
