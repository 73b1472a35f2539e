import { formatPath } from "./field-path.ts";
import { type Problem, problem } from "./problem.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What stands in place of every value of a Secret that is shown. */
export const redactedText = "(redacted by rouse)";

/** The same as it stands in `data`. */
export const redactedData = Buffer.from(redactedText).toString("base64");

/** Where `kubectl apply` keeps the whole document, values included. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * A Secret as it may be shown: the same keys, none of the values, and not what kubectl remembers of them. Takes a stored
 * object or a document of any shape; objects of other kinds come back as they are.
 */
export function redactSecret<T extends object>(object: T): T {
  if (!isSecret(object)) return object;
  const { data, stringData, metadata, ...rest } = object as Fields;
  const kept = isFields(metadata) ? withoutLastApplied(metadata) : metadata;
  return {
    ...rest,
    ...(metadata !== undefined && { metadata: kept }),
    ...(data !== undefined && { data: redacted(data, redactedData) }),
    ...(stringData !== undefined && { stringData: redacted(stringData, redactedText) }),
  } as T;
}

/** A document with its values back, or why that cannot be. */
export type Unredacted<T> =
  | { readonly kind: "whole"; readonly object: T }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

/**
 * What a client that read a redacted Secret sends back, with the stored value wherever the redacted one still stands.
 * `stored` has its values as base64; a redacted value is refused when nothing is stored under its key.
 */
export function unredactSecret<T extends object>(next: T, stored: object | undefined): Unredacted<T> {
  if (!isSecret(next)) return { kind: "whole", object: next };
  const { data, stringData } = next as Fields;
  const known = isFields(stored) && isFields(stored.data) ? stored.data : {};
  const problems: Problem[] = [];
  const back = new Map<string, unknown>();
  const restore = (values: unknown, field: string, sentinel: string): unknown => {
    if (!isFields(values)) return values;
    const entries = Object.entries(values).filter(([key, value]) => {
      if (value !== sentinel) return true;
      if (Object.hasOwn(known, key)) back.set(key, known[key]);
      else problems.push(nothingStored(formatPath([key], field)));
      return false;
    });
    return Object.fromEntries(entries);
  };
  const given = {
    ...(stringData !== undefined && { stringData: restore(stringData, "stringData", redactedText) }),
    ...(data !== undefined && { data: restore(data, "data", redactedData) }),
  };
  if (problems.length > 0) return { kind: "refused", problems };
  if (back.size === 0) return { kind: "whole", object: next };
  const whole = { ...Object.fromEntries(back), ...(isFields(given.data) ? given.data : {}) };
  return { kind: "whole", object: { ...next, ...given, data: whole } };
}

function nothingStored(path: string): Problem {
  const message = "the value is redacted, and none is stored under this key";
  return problem("FieldValueInvalid", path, {
    message,
    expected: "the value itself",
    hint: "write it into stringData",
  });
}

function redacted(values: unknown, sentinel: string): unknown {
  // What is no mapping may hold a value all the same.
  return isFields(values) ? Object.fromEntries(Object.keys(values).map((key) => [key, sentinel])) : sentinel;
}

function withoutLastApplied(metadata: Fields): Fields {
  if (!isFields(metadata.annotations)) return metadata;
  const { [lastApplied]: _, ...annotations } = metadata.annotations;
  return { ...metadata, annotations };
}

function isSecret(object: object): boolean {
  const { apiVersion, kind } = object as Fields;
  return kind === "Secret" && apiVersion === "v1";
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
