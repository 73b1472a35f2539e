import { z } from "zod";
import { invalid, type Problem, problem } from "./problem.ts";
import { type SecretValue, secretValueSchema, validateSecretValue } from "./secret-reference.ts";

/** A variable of a container: a text, or a value of a Secret. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string | undefined;
  /** Excludes value. */
  readonly valueFrom?: SecretValue | undefined;
}

/** The schema of an environment. */
export const environmentSchema: z.ZodType<readonly EnvironmentVariable[]> = z.array(
  z.strictObject({
    name: z.string(),
    value: z.string().optional(),
    valueFrom: secretValueSchema.optional().describe("Where the value is."),
  }),
);

/** Sources of variables that Kubernetes has and that are refused; `path` is that of the container. */
export function unsupportedInEnvironment(path: string): Record<string, string> {
  const from = `${path}.env[].valueFrom`;
  return {
    [`${path}.envFrom`]: "list the variables in env",
    [`${from}.configMapKeyRef`]: "write the value",
    [`${from}.fieldRef`]: "write the value",
    [`${from}.resourceFieldRef`]: "write the value",
  };
}

/** The rules of an environment that its schema cannot say; `reserved` names are set by the server. */
export function validateEnvironment(
  env: readonly EnvironmentVariable[] | undefined,
  path: string,
  reserved: readonly string[],
): Problem[] {
  const names = new Set<string>();
  return (env ?? []).flatMap((variable, index) => {
    const { name } = variable;
    const again = names.has(name);
    names.add(name);
    return again
      ? [invalid(`${path}[${index}].name`, "each variable once", name)]
      : variableProblems(variable, `${path}[${index}]`, reserved);
  });
}

function variableProblems(variable: EnvironmentVariable, path: string, reserved: readonly string[]): Problem[] {
  const { name, value, valueFrom } = variable;
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) return [invalid(`${path}.name`, "the name of a variable", name)];
  if (reserved.includes(name)) {
    const parts = { message: `"${name}" is set by the server`, hint: "leave it out" };
    return [problem("FieldValueForbidden", `${path}.name`, parts)];
  }
  if (value !== undefined && valueFrom !== undefined) {
    const parts = { message: "value and valueFrom exclude each other", hint: "leave one out" };
    return [problem("FieldValueForbidden", `${path}.valueFrom`, parts)];
  }
  if (value?.includes("\0")) return [invalid(`${path}.value`, "a text without NUL characters", value)];
  return validateSecretValue(valueFrom, `${path}.valueFrom`);
}
