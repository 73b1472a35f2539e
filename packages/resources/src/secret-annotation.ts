import type { AnnotationParser } from "./annotation.ts";
import { dnsLabelExpected, isDnsLabel } from "./metadata.ts";
import { secretKeyExpected, secretKeyPattern } from "./secret-reference.ts";

/** Where the values of a Secret are read from, by key. */
export type SecretOrigins = ReadonlyMap<string, string>;

/** The name of a Secret. */
export const secretNameValue: AnnotationParser<string> = (text) =>
  isDnsLabel(text) ? { kind: "value", value: text } : { kind: "invalid", expected: dnsLabelExpected };

/** `key=NAME,…`: variables of the server's environment. */
export const environmentNamesValue: AnnotationParser<SecretOrigins> = (text) =>
  origins(text, /^[A-Za-z_][A-Za-z0-9_]*$/, "key=NAME, separated by commas, NAME being a variable of the server");

/** `key=/path,…`: files that the server can read. A path cannot hold a comma. */
export const filePathsValue: AnnotationParser<SecretOrigins> = (text) =>
  origins(text, /^\/[^\0]*$/, "key=/path, separated by commas, each path absolute");

function origins(text: string, place: RegExp, expected: string): ReturnType<AnnotationParser<SecretOrigins>> {
  const found = new Map<string, string>();
  for (const part of text.split(",")) {
    const [, key = "", origin = ""] = /^\s*([^=\s]+)=(.*?)\s*$/s.exec(part) ?? [];
    if (!place.test(origin)) return { kind: "invalid", expected };
    if (!secretKeyPattern.test(key))
      return { kind: "invalid", expected: secretKeyExpected, hint: `before "${origin}"` };
    if (found.has(key)) return { kind: "invalid", expected: "each key once", hint: `"${key}" is there twice` };
    found.set(key, origin);
  }
  return { kind: "value", value: found };
}
