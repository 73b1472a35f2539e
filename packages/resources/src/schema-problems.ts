import type { z } from "zod";
import { formatPath } from "./field-path.ts";
import type { KindDefinition } from "./kind.ts";
import { didYouMean } from "./nearest.ts";
import { knownFields } from "./object-schema.ts";
import { type Problem, problem, required, show } from "./problem.ts";

type Issue = z.core.$ZodIssue;

/** What a schema found wrong with a document, in our words. */
export function schemaProblems(definition: KindDefinition, document: unknown, issues: readonly Issue[]): Problem[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => unknownField(definition, [...issue.path, key]))
      : [typeProblem(definition, issue, valueAt(document, issue.path))],
  );
}

/** Where the fields are that a schema does not know. */
export function unknownFieldPaths(issues: readonly Issue[]): PropertyKey[][] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [],
  );
}

function unknownField(definition: KindDefinition, path: readonly PropertyKey[]): Problem {
  const at = formatPath(path);
  const name = String(path.at(-1));
  const advice = definition.unsupported[at.replace(/\[\d+\]/g, "[]")];
  if (advice !== undefined) {
    return problem("FieldUnknown", at, {
      message: `field "${name}" is not supported yet`,
      got: `"${name}"`,
      hint: advice,
    });
  }
  const known = knownFields(definition, path.slice(0, -1));
  const expected = known.length === 0 ? "no field" : `one of ${known.join(", ")}`;
  const elsewhere = known.includes("spec") && knownFields(definition, ["spec"]).includes(name);
  const hint = elsewhere ? `it belongs under spec: spec.${name} (is it indented?)` : didYouMean(name, known);
  return problem("FieldUnknown", at, { message: `unknown field "${name}"`, expected, got: `"${name}"`, hint });
}

function isConfidential(definition: KindDefinition, path: readonly PropertyKey[]): boolean {
  return definition.confidential?.includes(String(path[0])) ?? false;
}

/** A text in the place of a reference to a Secret is not shown: it may be the secret itself. */
function typeProblem(definition: KindDefinition, issue: Issue, value: unknown): Problem {
  const confidential = isConfidential(definition, issue.path);
  const toOneValue = knownFields(definition, issue.path).includes("secretKeyRef");
  const isReference = toOneValue || /secret/i.test(String(issue.path.at(-1)));
  if (confidential || typeof value !== "string" || !isReference || expectation(issue) !== "a mapping") {
    return valueProblem(issue, value, confidential);
  }
  const hint = toOneValue ? "put it into a Secret and name it here: secretKeyRef: {name: NAME, key: KEY}" : undefined;
  return problem("FieldValueTypeInvalid", formatPath(issue.path), { expected: "a mapping", got: "a text", hint });
}

function valueProblem(issue: Issue, value: unknown, confidential: boolean): Problem {
  const path = formatPath(issue.path);
  const expected = expectation(issue);
  if (value === undefined) return required(path, expected);
  if (confidential) return hiddenValueProblem(path, expected, value);
  const got = value === null ? "null" : `${typeName(value)} ${show(value)}`;
  switch (issue.code) {
    case "invalid_type":
    case "invalid_union": {
      const fractional = issue.code === "invalid_type" && issue.expected === "int";
      const hint = value === null ? "give it a value, or remove the field" : typeHint(expected, value);
      return problem(fractional ? "FieldValueInvalid" : "FieldValueTypeInvalid", path, { expected, got, hint });
    }
    case "invalid_value":
      return problem("FieldValueNotSupported", path, {
        expected,
        got: show(value),
        hint: wordHint(issue.values, value),
      });
    default:
      return problem("FieldValueInvalid", path, { expected, got: show(value) });
  }
}

/** A value that must not be shown is told by its type. */
function hiddenValueProblem(path: string, expected: string, value: unknown): Problem {
  const type = value === null ? "null" : typeName(value);
  const quotes = expected === "a text" && (type === "number" || type === "boolean");
  const hint = quotes ? "put it in quotes" : undefined;
  return problem("FieldValueTypeInvalid", path, { expected, got: type === "null" ? type : `a ${type}`, hint });
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return withArticle(issue.expected === "record" ? "object" : issue.expected);
    case "invalid_union":
      return "a text or a number";
    case "invalid_value":
      return issue.values.length === 1 ? show(issue.values[0]) : `one of ${issue.values.join(", ")}`;
    case "too_small":
      return issue.origin === "number" || issue.origin === "int" ? `at least ${issue.minimum}` : issue.message;
    case "too_big":
      return issue.origin === "number" || issue.origin === "int" ? `at most ${issue.maximum}` : issue.message;
    default:
      return issue.message;
  }
}

function withArticle(type: string): string {
  if (type === "int") return "a whole number";
  if (type === "string") return "a text";
  if (type === "array") return "a list";
  return type === "object" ? "a mapping" : `a ${type}`;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "list";
  if (typeof value === "string") return "text";
  return typeof value === "object" ? "mapping" : typeof value;
}

function wordHint(words: readonly unknown[], value: unknown): string | undefined {
  const texts = words.filter((word) => typeof word === "string");
  return typeof value === "string" && texts.length > 1 ? didYouMean(value, texts) : undefined;
}

function typeHint(expected: string, value: unknown): string | undefined {
  if (expected === "a text" && (typeof value === "number" || typeof value === "boolean"))
    return `put it in quotes: "${value}"`;
  if (expected === "a list" && typeof value === "object") return "begin each entry with a hyphen";
  if (expected.includes("number") && typeof value === "string" && /^\d+$/.test(value))
    return `leave out the quotes: ${value}`;
  return undefined;
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let at = document;
  for (const segment of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, segment)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[segment];
  }
  return at;
}
