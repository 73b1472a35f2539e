import type { EnvironmentVariable } from "@rouse/resources";
import type { SecretReader } from "./secret-reader.ts";

/**
 * The environment that a child gets: texts as they are written, and the values of Secrets that it names, no others. A
 * value that is optional and missing leaves its variable out. Rejects with a SecretFault, in words, where one is missing.
 */
export async function environmentOf(
  variables: readonly EnvironmentVariable[] | undefined,
  namespace: string,
  secrets: Pick<SecretReader, "textIfAny">,
): Promise<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const { name, value, valueFrom } of variables ?? []) {
    const text = valueFrom ? await secrets.textIfAny(namespace, valueFrom.secretKeyRef) : (value ?? "");
    if (text !== undefined) environment[name] = text;
  }
  return environment;
}
