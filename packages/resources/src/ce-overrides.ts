import { z } from "zod";
import { formatPath } from "./field-path.ts";
import { invalid, type Problem, problem, show } from "./problem.ts";

/** Attributes that a source adds to its events, or replaces. */
export interface CloudEventOverrides {
  readonly extensions?: Readonly<Record<string, string>> | undefined;
}

/** The schema of {@link CloudEventOverrides}. */
export const overridesSchema: z.ZodType<CloudEventOverrides> = z
  .strictObject({
    extensions: z.record(z.string(), z.string()).optional().describe("Extension attributes, by name."),
  })
  .describe("Attributes added to every event.");

const reserved = ["id", "source", "specversion", "type", "subject", "time", "datacontenttype", "dataschema", "data"];

/** The rules of `ceOverrides`, for every source. */
export function overrideProblems(overrides: CloudEventOverrides | undefined, path: string): Problem[] {
  return Object.entries(overrides?.extensions ?? {}).flatMap(([name, text]) => {
    const at = formatPath([name], `${path}.extensions`);
    if (!/^[a-z0-9]+$/.test(name)) return [invalid(at, "an attribute name: lower-case letters and digits", name)];
    if (reserved.includes(name)) {
      const message = `"${name}" is an attribute of the specification, not an extension`;
      return [problem("FieldValueForbidden", at, { message, expected: "an extension attribute", got: show(name) })];
    }
    const control = /[\p{Cc}\p{Cs}]/u.test(text);
    return control ? [invalid(at, "a text without control characters", text)] : [];
  });
}
