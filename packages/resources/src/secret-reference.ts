import { z } from "zod";
import { dnsLabelExpected, isDnsLabel } from "./metadata.ts";
import { invalid, type Problem } from "./problem.ts";

/** One value of a Secret of the same namespace. */
export interface SecretKeySelector {
  readonly name: string;
  readonly key: string;
  /** True: a Secret or key that is missing counts as a value that was not given. */
  readonly optional?: boolean | undefined;
}

/** A value that a Secret holds. */
export interface SecretValue {
  readonly secretKeyRef: SecretKeySelector;
}

/** A whole Secret of the same namespace, as Knative's sinks name theirs: `auth: {secret: {ref: {name}}}`. */
export interface SecretAuth {
  readonly secret: { readonly ref: { readonly name: string } };
}

/** What the keys of a Secret look like. */
export const secretKeyPattern = /^[-._a-zA-Z0-9]{1,253}$/;

/** What a key must be, for messages. */
export const secretKeyExpected = "a key of letters, digits, hyphens, dots and underscores, at most 253 characters";

const selectorSchema: z.ZodType<SecretKeySelector> = z.strictObject({
  name: z.string().describe("Name of the Secret, in the same namespace."),
  key: z.string().describe("The key of its value."),
  optional: z.boolean().optional().describe("Whether the Secret or its key may be missing."),
});

/** The schema of a {@link SecretValue}. */
export const secretValueSchema: z.ZodType<SecretValue> = z.strictObject({
  secretKeyRef: selectorSchema.describe("The value of a Secret."),
});

/** The schema of a {@link SecretAuth}. */
export const secretAuthSchema: z.ZodType<SecretAuth> = z.strictObject({
  secret: z
    .strictObject({
      ref: z
        .strictObject({ name: z.string().describe("Name of the Secret, in the same namespace.") })
        .describe("Which Secret."),
    })
    .describe("The Secret that holds how to connect."),
});

/** The rules of a reference to one value that its schema cannot say. */
export function validateSecretValue(value: SecretValue | undefined, path: string): Problem[] {
  if (value === undefined) return [];
  const { name, key } = value.secretKeyRef;
  const problems = validateSecretName(name, `${path}.secretKeyRef.name`);
  if (!secretKeyPattern.test(key)) problems.push(invalid(`${path}.secretKeyRef.key`, secretKeyExpected, key));
  return problems;
}

/** The same for a reference to a whole Secret. */
export function validateSecretAuth(auth: SecretAuth | undefined, path: string): Problem[] {
  return auth === undefined ? [] : validateSecretName(auth.secret.ref.name, `${path}.secret.ref.name`);
}

/** The same for a Secret's name. */
export function validateSecretName(name: string, path: string): Problem[] {
  return isDnsLabel(name) ? [] : [invalid(path, dnsLabelExpected, name)];
}
