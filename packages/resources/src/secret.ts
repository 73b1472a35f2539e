import { z } from "zod";
import { rouseAnnotations } from "./annotations.ts";
import { fieldColumn, type PrinterColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import { formatPath } from "./field-path.ts";
import { unchanged } from "./immutable.ts";
import type { KindDefinition } from "./kind.ts";
import { type Problem, problem } from "./problem.ts";
import type { ResourceObject } from "./resource-object.ts";
import type { SecretOrigins } from "./secret-annotation.ts";
import { secretKeyExpected, secretKeyPattern } from "./secret-reference.ts";

/** What a Secret has beside its metadata. */
export interface SecretFields {
  /** Values, base64. */
  readonly data?: Readonly<Record<string, string>> | undefined;
  /** Only before defaults, which merge it into `data`: never stored. */
  readonly stringData?: Readonly<Record<string, string>> | undefined;
  /** There after defaults (`Opaque`). */
  readonly type?: string | undefined;
  /** True: data cannot be changed any more. */
  readonly immutable?: boolean | undefined;
}

/** Values that are not shown: passwords, keys, tokens. It has no `spec`. */
export type SecretObject = ResourceObject<undefined> & SecretFields;

/** How many bytes all values of a Secret may have together. */
export const secretBytesMax = 1_048_576;

const values = z.record(z.string(), z.string()).optional();

/** Secret (v1). */
export const secretKind: KindDefinition<SecretObject> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  singular: "secret",
  shortNames: [],
  categories: [],
  description: "Holds values that are not shown: passwords, keys, tokens.",
  spec: undefined,
  specOptional: true,
  fields: {
    data: values.describe("Values by key, base64."),
    stringData: values.describe("Values by key, as they are; merged into data and not stored beside it."),
    type: z.string().optional().describe("What the values are for; default Opaque. Cannot be changed."),
    immutable: z.boolean().optional().describe("Whether the values cannot be changed any more; default false."),
  },
  confidential: ["data", "stringData"],
  unsupported: {},
  defaults(secret) {
    const { stringData, type = "Opaque", data, ...rest } = secret;
    const encoded = Object.entries(stringData ?? {}).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    const merged: Record<string, string> = { ...data, ...Object.fromEntries(encoded) };
    const any = data !== undefined || stringData !== undefined;
    return { ...rest, ...(any && { data: merged }), type };
  },
  validate(secret) {
    return { problems: [...dataProblems(secret), ...originProblems(secret)], warnings: [] };
  },
  immutable(old, next) {
    const problems = unchanged("type", old.type, next.type);
    if (old.immutable !== true) return problems;
    const frozen = { message: "field is immutable: the Secret says so", hint: "delete the Secret and create it anew" };
    if (next.immutable !== true) problems.push(problem("FieldValueForbidden", "immutable", frozen));
    // The values themselves are not shown.
    if (unchanged("data", old.data, next.data).length > 0)
      problems.push(problem("FieldValueForbidden", "data", frozen));
    return problems;
  },
  columns: [
    fieldColumn("Type", "type", "What the values are for."),
    countColumn(),
    fieldColumn("Age", "metadata.creationTimestamp", "Time since the object was created.", { type: "date" }),
  ],
  conditions: livingSet(),
};

/** Where values of a Secret are read from that are not in it, by key: the server's variables and files. */
export function secretOrigins(secret: Pick<SecretObject, "metadata">): {
  readonly environment: SecretOrigins;
  readonly files: SecretOrigins;
} {
  const { fromEnv, fromFile } = rouseAnnotations;
  const read = ({ name, parse }: typeof fromEnv): SecretOrigins => {
    const text = secret.metadata.annotations?.[name];
    const found = text === undefined ? undefined : parse(text);
    return (found?.kind === "value" ? found.value : undefined) ?? new Map();
  };
  return { environment: read(fromEnv), files: read(fromFile) };
}

function countColumn(): PrinterColumn {
  const count = fieldColumn("Data", "data", "How many values it has.", { type: "integer" });
  return { ...count, value: (object) => String(keysOf(object as SecretObject).length) };
}

function keysOf(secret: SecretObject): readonly string[] {
  const { environment, files } = secretOrigins(secret);
  return [...Object.keys(secret.data ?? {}), ...environment.keys(), ...files.keys()];
}

function dataProblems({ data = {} }: SecretObject): Problem[] {
  const problems: Problem[] = [];
  let bytes = 0;
  for (const [key, text] of Object.entries(data)) {
    const path = formatPath([key], "data");
    bytes += Buffer.byteLength(text, "base64");
    if (!secretKeyPattern.test(key)) {
      problems.push(problem("FieldValueInvalid", path, { expected: secretKeyExpected, got: "another key" }));
    }
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      const hint = "a value that is not encoded goes into stringData";
      problems.push(problem("FieldValueInvalid", path, { expected: "base64 with padding", got: "another text", hint }));
    }
  }
  if (bytes > secretBytesMax) {
    const expected = `values of at most ${secretBytesMax} bytes together`;
    problems.push(problem("FieldValueTooLong", "data", { expected, got: `${bytes}` }));
  }
  return problems;
}

/** Each value comes from one place. */
function originProblems(secret: SecretObject): Problem[] {
  const { fromEnv, fromFile } = rouseAnnotations;
  const { environment, files } = secretOrigins(secret);
  const path = (name: string) => formatPath([name], "metadata.annotations");
  const twice = (keys: Iterable<string>, at: string, elsewhere: ReadonlySet<string>, where: string) =>
    [...keys]
      .filter((key) => elsewhere.has(key))
      .map((key) => {
        const message = `the value of "${key}" is given in ${where} too`;
        return problem("FieldValueForbidden", at, {
          message,
          expected: "each key in one place",
          hint: "leave one out",
        });
      });
  const stored = new Set(Object.keys(secret.data ?? {}));
  return [
    ...twice(environment.keys(), path(fromEnv.name), stored, "data"),
    ...twice(files.keys(), path(fromFile.name), stored, "data"),
    ...twice(files.keys(), path(fromFile.name), new Set(environment.keys()), fromEnv.name),
  ];
}
