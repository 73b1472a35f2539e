import type { CloudEventOverrides } from "@rouse/resources";

/** `ceOverrides` as sources take it. */
export function overridesOf(
  overrides: CloudEventOverrides | undefined,
): { readonly extensions: Readonly<Record<string, string>> } | undefined {
  return overrides && { extensions: overrides.extensions ?? {} };
}
