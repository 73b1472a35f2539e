/**
 * Why a value is refused: the causes of a Kubernetes Status, and one of ours. `FieldUnknown` is a field that the schema
 * does not have, which the API may answer with 400 or prune, where all others are 422.
 */
export type ProblemReason =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueTypeInvalid"
  | "FieldValueForbidden"
  | "FieldValueNotSupported"
  | "FieldValueTooLong"
  | "FieldUnknown";

/** One thing that is wrong with a document, told so that its author can put it right. */
export interface Problem {
  readonly reason: ProblemReason;
  /** Where: `spec.filters[0].exact`, `metadata.annotations[rouse.dev/command]`; empty for the document itself. */
  readonly path: string;
  /** A complete clause in lower case, without the path. */
  readonly message: string;
  /** What would have been accepted. */
  readonly expected: string | undefined;
  /** What came, cut to a readable length. */
  readonly got: string | undefined;
  /** The way out. */
  readonly hint: string | undefined;
}

/** What validation finds: problems refuse the object, warnings are told and stored with nothing. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** What {@link problem} is made of; without `message` it reads "expected …, got …". */
export interface ProblemParts {
  readonly message?: string;
  readonly expected?: string | undefined;
  readonly got?: string | undefined;
  readonly hint?: string | undefined;
}

/** Makes a {@link Problem}. */
export function problem(reason: ProblemReason, path: string, parts: ProblemParts): Problem {
  const { expected, got, hint } = parts;
  const message = parts.message ?? [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(", ");
  return { reason, path, message, expected, got, hint };
}

/** A field that must be there and is not. */
export function required(path: string, expected: string, hint?: string): Problem {
  return problem("FieldValueRequired", path, {
    message: `required value: expected ${expected}`,
    expected,
    got: "nothing",
    hint,
  });
}

/** A value that is of the right type and still wrong. */
export function invalid(path: string, expected: string, got: unknown, hint?: string): Problem {
  return problem("FieldValueInvalid", path, { expected, got: show(got), hint });
}

const shownLengthMax = 80;

/** A value as a message shows it: JSON, control characters escaped, at most 80 characters. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  let shown: string;
  try {
    shown = JSON.stringify(value) ?? typeof value;
  } catch {
    // Cycles, bigints, and nesting deeper than the stack.
    shown = "something that cannot be shown";
  }
  return shown.length > shownLengthMax ? `${shown.slice(0, shownLengthMax - 1)}…` : shown;
}
