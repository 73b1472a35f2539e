import type { SecretKeySelector } from "@rouse/resources";
import { SecretFault } from "../../secrets/secret-fault.ts";
import type { SecretReader } from "../../secrets/secret-reader.ts";

/** What connections read of Secrets. */
export type ConnectionSecrets = Pick<SecretReader, "all" | "textIfAny">;

/** The values of one Secret, as texts. */
export class SecretTexts {
  private readonly what: string;
  private readonly values: ReadonlyMap<string, Uint8Array>;

  constructor(namespace: string, name: string, values: ReadonlyMap<string, Uint8Array>) {
    this.what = `secret ${namespace}/${name}`;
    this.values = values;
  }

  /** Undefined when there is nothing under the key, or nothing in it. A final line break is not part of a value. */
  optional(key: string): string | undefined {
    const value = this.values.get(key);
    return value === undefined || value.length === 0 ? undefined : withoutLineEnd(new TextDecoder().decode(value));
  }

  required(key: string, purpose: string): string {
    const text = this.optional(key);
    if (text !== undefined) return text;
    const there = [...this.values.keys()].map((each) => `"${each}"`).join(", ") || "nothing";
    const message = `${this.what} has no "${key}" (${purpose}); it has ${there}; add it to the secret`;
    throw new SecretFault("SECRET_VALUE_MISSING", message);
  }
}

/** The values of a Secret, as texts. */
export async function secretTexts(secrets: ConnectionSecrets, namespace: string, name: string): Promise<SecretTexts> {
  return new SecretTexts(namespace, name, await secrets.all(namespace, name));
}

/** The text that a reference names; undefined without a reference, and where an optional value is missing. */
export async function secretText(
  secrets: ConnectionSecrets,
  namespace: string,
  ref: SecretKeySelector | undefined,
): Promise<string | undefined> {
  const text = await secrets.textIfAny(namespace, ref);
  return text === undefined ? undefined : withoutLineEnd(text);
}

/** Editors and `echo` end a text with a line break, which no password, user or token has. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}
