import { z } from "zod";
import type { Checks } from "./checks.ts";
import { formatPath, joinPath } from "./field-path.ts";
import type { AttributeMap, AttributesFilter, FilterSpec } from "./filter-spec.ts";
import { type Findings, invalid, type Problem, problem, required, show } from "./problem.ts";

const pairs = (description: string) => z.record(z.string(), z.string()).optional().describe(description);

/** The schema of a {@link FilterSpec}. */
export const filterSchema: z.ZodType<FilterSpec> = z
  .strictObject({
    exact: pairs("Every attribute named is equal to its text."),
    prefix: pairs("Every attribute named begins with its text."),
    suffix: pairs("Every attribute named ends with its text."),
    get all() {
      return z.array(filterSchema).optional().describe("All of these filters take the event.");
    },
    get any() {
      return z.array(filterSchema).optional().describe("At least one of these filters takes the event.");
    },
    get not() {
      return filterSchema.optional().describe("This filter does not take the event.");
    },
    cesql: z.string().optional().describe("A CloudEvents SQL expression; not supported yet."),
    sql: z
      .string()
      .optional()
      .describe("The name that the CloudEvents specification has for cesql; not supported yet."),
  })
  .meta({ id: "Filter", description: "A filter in exactly one dialect." });

/** The schema of an {@link AttributesFilter}. */
export const attributesFilterSchema: z.ZodType<AttributesFilter> = z
  .strictObject({
    attributes: pairs("Every attribute named is equal to its text; an empty text means present and not empty."),
  })
  .describe("The older form of a filter; ignored when filters is not empty.");

const dialects = ["exact", "prefix", "suffix", "all", "any", "not", "cesql", "sql"] as const;
const nameExpected = "an attribute name: a lower-case letter, then lower-case letters and digits";

/** The rules of `spec.filter`. */
export function validateAttributesFilter(filter: AttributesFilter | undefined, path: string): Problem[] {
  return Object.keys(filter?.attributes ?? {})
    .filter((name) => !/^[a-z][a-z0-9]*$/.test(name))
    .map((name) => invalid(formatPath([name], `${path}.attributes`), nameExpected, name, lowerHint(name)));
}

/** The rules of one filter and of those inside it; the domain's own check runs when the shape is in order. */
export function validateFilter(filter: FilterSpec, path: string, checks: Checks): Findings {
  const warnings: string[] = [];
  const problems = shapeProblems(filter, path, warnings, false);
  if (problems.length === 0) {
    for (const { path: inner, message, hint } of checks.filter?.(filter) ?? []) {
      problems.push(problem("FieldValueInvalid", joinPath(path, inner), { message, hint }));
    }
  }
  return { problems, warnings };
}

function shapeProblems(filter: FilterSpec, path: string, warnings: string[], emptyAllowed: boolean): Problem[] {
  const set = dialects.filter((dialect) => filter[dialect] !== undefined);
  const [dialect] = set;
  if (dialect === undefined) {
    if (emptyAllowed) return [];
    return [required(path, `exactly one of ${dialects.slice(0, -1).join(", ")}`)];
  }
  if (set.length > 1) {
    const hint = "a filter has one dialect; put each into an entry of its own (entries of filters are all required)";
    return [problem("FieldValueForbidden", path, { expected: "exactly one dialect", got: set.join(" and "), hint })];
  }
  const inner = `${path}.${dialect}`;
  switch (dialect) {
    case "exact":
    case "prefix":
    case "suffix":
      return pairProblems(filter[dialect]!, inner);
    case "all":
    case "any":
      if (filter[dialect]!.length === 0) warnings.push(`${inner}: is empty and matches every event`);
      return filter[dialect]!.flatMap((each, index) => shapeProblems(each, `${inner}[${index}]`, warnings, false));
    case "not":
      if (Object.keys(filter.not!).length === 0) warnings.push(`${inner}: is empty and matches every event`);
      return shapeProblems(filter.not!, inner, warnings, true);
    case "cesql":
    case "sql":
      return [
        problem("FieldValueNotSupported", inner, {
          message: "cesql filters are not supported yet",
          expected: "exact, prefix, suffix, all, any or not",
          got: show(filter[dialect]),
          hint: "combine exact, prefix and suffix by all, any and not",
        }),
      ];
    default: {
      const unknown: never = dialect;
      return unknown;
    }
  }
}

function pairProblems(pairs: AttributeMap, path: string): Problem[] {
  const entries = Object.entries(pairs);
  if (entries.length === 0) return [required(path, "at least one attribute")];
  return entries.flatMap(([name, text]) => {
    const at = formatPath([name], path);
    if (!/^[a-z0-9]+$/.test(name)) {
      return [invalid(at, "an attribute name: lower-case letters and digits", name, lowerHint(name))];
    }
    const hint = "an attribute that is merely present is filter.attributes with an empty text";
    return text === "" ? [invalid(at, "a text that is not empty", text, hint)] : [];
  });
}

function lowerHint(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return /^[a-z]/.test(lower) && lower !== name ? `attribute names are lower-case: "${lower}"` : undefined;
}
