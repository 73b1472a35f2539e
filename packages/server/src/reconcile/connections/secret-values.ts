import type { SecretKeySelector } from "@rouse/resources";
import { SecretFault } from "../../secrets/secret-fault.ts";

/** Reads a Secret; rejects with a SecretFault, in words that may stand in a condition, when it cannot be read. */
export type ReadSecret = (namespace: string, name: string) => Promise<ReadonlyMap<string, Uint8Array>>;

/** The values of one Secret, as texts. */
export class SecretTexts {
  private readonly what: string;
  private readonly values: ReadonlyMap<string, Uint8Array>;

  constructor(namespace: string, name: string, values: ReadonlyMap<string, Uint8Array>) {
    this.what = `secret ${namespace}/${name}`;
    this.values = values;
  }

  /** Undefined when there is nothing under the key, or nothing in it. */
  optional(key: string): string | undefined {
    const value = this.values.get(key);
    return value === undefined || value.length === 0 ? undefined : new TextDecoder().decode(value);
  }

  required(key: string, purpose: string): string {
    const text = this.optional(key);
    if (text !== undefined) return text;
    const there = [...this.values.keys()].join(", ") || "nothing";
    throw new SecretFault("SECRET_VALUE_MISSING", `${this.what} has no "${key}" (${purpose}); it has ${there}`, {
      hint: `add "${key}" to the data of ${this.what}`,
    });
  }
}

/** The values of a Secret, as texts. */
export async function secretTexts(read: ReadSecret, namespace: string, name: string): Promise<SecretTexts> {
  return new SecretTexts(namespace, name, await read(namespace, name));
}

/** The text that one reference names; a final line break, as editors and `echo` leave it, is not part of it. */
export async function secretText(
  read: ReadSecret,
  namespace: string,
  ref: SecretKeySelector,
  purpose: string,
): Promise<string> {
  const texts = await secretTexts(read, namespace, ref.name);
  return texts.required(ref.key, purpose).replace(/\r?\n$/, "");
}
