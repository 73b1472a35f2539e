import { LineCounter, type Document as YamlDocument } from "yaml";
import { parsePath } from "./field-path.ts";
import { type Problem, problem } from "./problem.ts";
import { parseYaml } from "./yaml-parse.ts";
import { findSpot, nodeAt, shapeFaults } from "./yaml-tree.ts";

/** Where something stands in a text; both count from 1. */
export interface Location {
  readonly line: number;
  readonly column: number;
}

/** One document of a file. */
export interface SourceDocument {
  /** The file's name, as given. */
  readonly source: string;
  /** Counts the documents of the file from 0, items of a List included. */
  readonly index: number;
  /** Line of its beginning. */
  readonly line: number;
  readonly value: unknown;
  /** Where a path of a {@link Problem} stands; where a field is missing, the nearest thing around it. */
  locate(path: string): Location;
}

/** A problem with its place in a file. */
export interface LocatedProblem extends Problem, Location {
  readonly source: string;
}

/** What a text holds. With any problem the file is not to be applied: it may be half saved. */
export interface DocumentsRead {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly LocatedProblem[];
}

/** Limits of {@link readDocuments}. */
export interface DocumentLimits {
  /** Longest text, in characters; default 2 Mi. */
  readonly textMax?: number;
  /** Most documents; default 10,000. */
  readonly documentsMax?: number;
  /** How many aliases a document may have, and how many nodes one anchor may stand for; default 100. */
  readonly aliasesMax?: number;
}

const textMaxDefault = 2 * 1024 * 1024;
const documentsMaxDefault = 10_000;
const aliasesMaxDefault = 100;

/**
 * Reads YAML documents or JSON. Empty documents are passed over, a List (apiVersion v1) becomes its items. Refused, each
 * with its place: what is not YAML 1.2, duplicate keys, merge keys, unknown tags, aliases that unfold to too much, texts
 * that are too long.
 * @param source what the file is called in messages.
 */
export function readDocuments(text: string, source: string, limits: DocumentLimits = {}): DocumentsRead {
  const textMax = limits.textMax ?? textMaxDefault;
  const at = (location: Location, found: Problem): LocatedProblem => ({ ...found, ...location, source });
  const refuse = (found: Problem) => ({ documents: [], problems: [at({ line: 1, column: 1 }, found)] });
  if (text.length > textMax) {
    const parts = { expected: `at most ${textMax} characters`, got: `${text.length}`, hint: "split the file" };
    return refuse(problem("FieldValueTooLong", "", parts));
  }
  const lines = new LineCounter();
  const aliasesMax = limits.aliasesMax ?? aliasesMaxDefault;
  const documentsMax = limits.documentsMax ?? documentsMaxDefault;
  const parsed = parseYaml(text.replace(/^\ufeff/, ""), lines, documentsMax);
  if (parsed.kind === "refused") {
    return { documents: [], problems: [at(locationOf(lines, parsed.offset), parsed.problem)] };
  }
  const documents: SourceDocument[] = [];
  const problems: LocatedProblem[] = [];
  for (const document of parsed.documents) {
    const faults = faultsOf(document, aliasesMax);
    problems.push(...faults.map((fault) => at(locationOf(lines, fault.offset), fault.problem)));
    if (faults.length > 0) continue;
    const value = unfold(document, aliasesMax);
    if (value.kind === "refused") problems.push(at(locationOf(lines, document.range[0]), value.problem));
    else {
      for (const { inner, prefix } of itemsOf(value.value)) {
        if (documents.length === documentsMax) return refuse(tooMany(documentsMax));
        documents.push(describe(document, inner, prefix, documents.length));
      }
    }
  }
  return { documents, problems };

  function describe(
    document: YamlDocument.Parsed,
    value: unknown,
    prefix: readonly string[],
    index: number,
  ): SourceDocument {
    const locate = (path: string) => locationOf(lines, findSpot(document, [...prefix, ...parsePath(path)]));
    const start = nodeAt(document, prefix)?.range?.[0] ?? document.range[0];
    return { source, index, line: locationOf(lines, start).line, value, locate };
  }
}

/** A problem of a document, with its place. */
export function locateProblem(document: SourceDocument, found: Problem): LocatedProblem {
  return { ...found, ...document.locate(found.path), source: document.source };
}

/** `file:line:column: path: message; hint`, on one line. */
export function formatProblem(found: LocatedProblem): string {
  const path = found.path === "" ? "" : `${found.path}: `;
  const hint = found.hint === undefined ? "" : `; ${found.hint}`;
  return `${found.source}:${found.line}:${found.column}: ${path}${found.message}${hint}`;
}

/** One fault per document is told: those that follow from it would only hide it. */
function faultsOf(
  document: YamlDocument.Parsed,
  aliasesMax: number,
): readonly { readonly offset: number; readonly problem: Problem }[] {
  const [fault] = [...document.errors, ...document.warnings];
  if (fault === undefined) return shapeFaults(document, aliasesMax);
  const quotes = /^(?:Unresolved tag|Block scalar header)/.test(fault.message);
  const hint = quotes
    ? "put a text that begins with !, | or > in quotes"
    : "is the file complete, and indented with spaces?";
  const parts = { message: sentence(fault.message), expected: "YAML or JSON", hint };
  return [{ offset: fault.pos[0], problem: problem("FieldValueInvalid", "", parts) }];
}

function unfold(
  document: YamlDocument.Parsed,
  maxAliasCount: number,
): { readonly kind: "value"; readonly value: unknown } | { readonly kind: "refused"; readonly problem: Problem } {
  try {
    return { kind: "value", value: document.toJS({ maxAliasCount }) };
  } catch (thrown) {
    // A ReferenceError is the parser's word for aliases that unfold to too much; a RangeError is a full stack.
    const aliases = thrown instanceof ReferenceError;
    const expected = aliases ? `aliases that stand for at most ${maxAliasCount} nodes` : "less nesting";
    return {
      kind: "refused",
      problem: problem("FieldValueInvalid", "", { expected, got: "more", hint: "write the values out" }),
    };
  }
}

function tooMany(documentsMax: number): Problem {
  return problem("FieldValueTooLong", "", {
    expected: `at most ${documentsMax} documents`,
    got: "more",
    hint: "split the file",
  });
}

function itemsOf(value: unknown): readonly { readonly inner: unknown; readonly prefix: readonly string[] }[] {
  if (value === null || value === undefined) return [];
  const { apiVersion, kind, items } = (typeof value === "object" ? value : {}) as Record<string, unknown>;
  if (apiVersion !== "v1" || kind !== "List" || !Array.isArray(items)) return [{ inner: value, prefix: [] }];
  return items.map((inner: unknown, index) => ({ inner, prefix: ["items", String(index)] }));
}

function locationOf(lines: LineCounter, offset: number): Location {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** The parser's words without what it quotes of the text: that may be a password that was not put in quotes. */
function sentence(message: string): string {
  const unquoted = message.replace(/(tag|characters): .*$/s, "$1").replace(/: ".*"$/s, "");
  return unquoted.charAt(0).toLowerCase() + unquoted.slice(1);
}
