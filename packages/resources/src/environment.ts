import type { SecretKeySelector } from "./secret-reference.ts";

/** A variable of a container: a text, or a value of a Secret. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string | undefined;
  /** Excludes value. */
  readonly valueFrom?: { readonly secretKeyRef: SecretKeySelector } | undefined;
}
