import { formatPath } from "./field-path.ts";
import { invalid, type Problem, problem } from "./problem.ts";

/** How deep a document may be nested. */
export const depthMax = 64;

/**
 * What keeps a value from being plain JSON data of reasonable depth: cycles and deep nesting, numbers that JSON does not
 * have, other types, and the key `__proto__`, which means something else to many readers. Only the first is told.
 */
export function plainDataProblem(value: unknown, path: readonly PropertyKey[] = []): Problem | undefined {
  const at = formatPath(path);
  if (path.length > depthMax) {
    return problem("FieldValueInvalid", "", { expected: `at most ${depthMax} levels of nesting`, got: "more" });
  }
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number")
    return Number.isFinite(value) ? undefined : invalid(at, "a finite number", String(value));
  if (typeof value !== "object") return invalid(at, "a JSON value", typeof value);
  if (Array.isArray(value)) return first(value.entries(), path);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return invalid(at, "a JSON value", "an object of a class");
  if (Object.hasOwn(value, "__proto__")) {
    return problem("FieldUnknown", formatPath([...path, "__proto__"]), {
      message: `the field name "__proto__" is not allowed`,
    });
  }
  return first(Object.entries(value), path);
}

function first(entries: Iterable<[PropertyKey, unknown]>, path: readonly PropertyKey[]): Problem | undefined {
  for (const [key, inner] of entries) {
    const found = inner === undefined ? undefined : plainDataProblem(inner, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}
