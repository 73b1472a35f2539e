import { type SecretObject, secretOrigins } from "@rouse/resources";
import type { Entry } from "../store/port.ts";

/** A value of a Secret that lies outside of the store. */
export type OutsideValue =
  | { readonly kind: "file"; readonly key: string; readonly path: string }
  | { readonly kind: "variable"; readonly key: string; readonly name: string };

/** The values that the annotations of a Secret say to take from files and variables. */
export function outsideValues({ object }: Entry): readonly OutsideValue[] {
  const metadata = (object.metadata ?? {}) as unknown as SecretObject["metadata"];
  const { environment, files } = secretOrigins({ metadata });
  return [
    ...[...files].map(([key, path]) => ({ kind: "file", key, path }) as const),
    ...[...environment].map(([key, name]) => ({ kind: "variable", key, name }) as const),
  ];
}
