import type { ResourceObject } from "./resource-object.ts";

/** What a Secret has beside its metadata. */
export interface SecretFields {
  /** Values, base64. */
  readonly data?: Readonly<Record<string, string>> | undefined;
  /** Only before defaults, which merge it into `data`: never stored. */
  readonly stringData?: Readonly<Record<string, string>> | undefined;
  /** There after defaults (`Opaque`). */
  readonly type?: string | undefined;
  /** True: data cannot be changed any more. */
  readonly immutable?: boolean | undefined;
}

/** Values that are not shown: passwords, keys, tokens. It has no `spec`. */
export type SecretObject = ResourceObject<undefined> & SecretFields;
