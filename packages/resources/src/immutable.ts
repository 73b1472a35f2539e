import { type Problem, problem, show } from "./problem.ts";

/** The problem of a field that may not change, when it did; values are compared as sorted JSON. */
export function unchanged(path: string, old: unknown, next: unknown): Problem[] {
  if (canonical(old) === canonical(next)) return [];
  const hint = "delete the object and create it anew";
  return [
    problem("FieldValueForbidden", path, {
      message: `field is immutable: cannot change ${show(old)} to ${show(next)}`,
      expected: show(old),
      got: show(next),
      hint,
    }),
  ];
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? ""
  );
}
