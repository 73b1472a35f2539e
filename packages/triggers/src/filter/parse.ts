import type { Filter } from "./filter.ts";

/** What is wrong with a filter as written, or odd about it; `path` is below the trigger's `spec`. */
export interface FilterProblem {
  /** `filters[0].exact.type`. */
  readonly path: string;
  /** Lower case: what was expected and what came. */
  readonly message: string;
}

/** The parts of a Trigger's `spec` that say what it takes, as they were written. */
export interface FilterSpec {
  readonly filter?: unknown;
  readonly filters?: unknown;
}

/** A filter, or everything that is wrong with it; warnings come with either. */
export type ParsedFilter =
  | { readonly kind: "filter"; readonly filter: Filter; readonly warnings: readonly FilterProblem[] }
  | {
      readonly kind: "refused";
      readonly problems: readonly FilterProblem[];
      readonly warnings: readonly FilterProblem[];
    };

/** The most dialect objects one trigger may have, nested ones counted. */
export const filterNodesMax = 256;
/** How deep dialects may be nested. */
export const filterDepthMax = 32;

const pairDialects = ["exact", "prefix", "suffix"] as const;
const dialects = [...pairDialects, "all", "any", "not", "cesql", "sql"] as const;
type Dialect = (typeof dialects)[number];
const attributeName = /^[a-z][a-z0-9]*$/;

interface Parsing {
  readonly problems: FilterProblem[];
  readonly warnings: FilterProblem[];
  nodes: number;
}

/**
 * Reads `spec.filter` and `spec.filters` of a Trigger. Both are checked; a `filters` that is not empty overrides
 * `filter`. Never throws, whatever it is given; without either, the filter takes every event.
 */
export function parseFilter(spec: FilterSpec): ParsedFilter {
  const parsing: Parsing = { problems: [], warnings: [], nodes: 0 };
  const older = parseOlder(spec.filter, parsing);
  const newer = parseNewer(spec.filters, parsing);
  if (newer !== undefined && older !== undefined) warn(parsing, "filter", "is ignored, because filters is not empty");
  const { problems, warnings } = parsing;
  if (problems.length > 0) return { kind: "refused", problems, warnings };
  return { kind: "filter", filter: newer ?? older ?? { kind: "everything" }, warnings };
}

function parseOlder(value: unknown, parsing: Parsing): Filter | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return refuse(parsing, "filter", `expected an object with attributes, got ${nameOf(value)}`);
  for (const key of Object.keys(value)) {
    if (key !== "attributes") refuse(parsing, `filter.${key}`, "unknown field; expected attributes");
  }
  const { attributes } = value;
  if (attributes === undefined || attributes === null) return undefined;
  const pairs = parsePairs(attributes, "filter.attributes", parsing, true);
  return pairs && Object.keys(pairs).length > 0 ? { kind: "attributes", pairs } : undefined;
}

function parseNewer(value: unknown, parsing: Parsing): Filter | undefined {
  if (value === undefined || value === null) return undefined;
  const filters = parseList(value, "filters", parsing, 1);
  if (filters === undefined || filters.length === 0) return undefined;
  return filters.length === 1 ? filters[0] : { kind: "all", filters };
}

function parseList(value: unknown, path: string, parsing: Parsing, depth: number): readonly Filter[] | undefined {
  if (!Array.isArray(value)) return refuse(parsing, path, `expected a list of filters, got ${nameOf(value)}`);
  const filters: Filter[] = [];
  for (const [at, item] of value.entries()) {
    if (parsing.nodes >= filterNodesMax) break;
    const filter = parseDialect(item, `${path}[${at}]`, parsing, depth);
    if (filter) filters.push(filter);
  }
  return filters;
}

function parseDialect(value: unknown, path: string, parsing: Parsing, depth: number): Filter | undefined {
  parsing.nodes += 1;
  if (parsing.nodes === filterNodesMax) refuse(parsing, path, `expected fewer than ${filterNodesMax} filters in all`);
  if (depth > filterDepthMax) return refuse(parsing, path, `expected at most ${filterDepthMax} levels of filters`);
  if (!isObject(value)) return refuse(parsing, path, `expected an object with one dialect, got ${nameOf(value)}`);
  const given: Dialect[] = [];
  for (const key of Object.keys(value)) {
    if (!isDialect(key)) refuse(parsing, `${path}.${key}`, `unknown dialect; expected one of ${dialects.join(", ")}`);
    else if (!saysNothing(value[key])) given.push(key);
  }
  if (given.length > 1) return refuse(parsing, path, `expected one dialect, got ${given.join(", ")}`);
  const [dialect] = given;
  if (dialect !== undefined) return parseOne(dialect, value[dialect], `${path}.${dialect}`, parsing, depth);
  const [written] = Object.keys(value);
  warn(parsing, written ? `${path}.${written}` : path, "is empty and filters nothing");
  return { kind: "everything" };
}

function parseOne(dialect: Dialect, value: unknown, path: string, parsing: Parsing, depth: number): Filter | undefined {
  switch (dialect) {
    case "exact":
    case "prefix":
    case "suffix": {
      const pairs = parsePairs(value, path, parsing, false);
      return pairs && { kind: dialect, pairs };
    }
    case "all":
    case "any": {
      const filters = parseList(value, path, parsing, depth + 1);
      return filters && { kind: dialect, filters };
    }
    case "not": {
      const filter = parseDialect(value, path, parsing, depth + 1);
      return filter && { kind: "not", filter };
    }
    case "cesql":
    case "sql":
      return refuse(parsing, path, "CESQL is not supported yet; use exact, prefix, suffix, all, any or not");
    default: {
      const unknown: never = dialect;
      return unknown;
    }
  }
}

function parsePairs(
  value: unknown,
  path: string,
  parsing: Parsing,
  emptyAllowed: boolean,
): Readonly<Record<string, string>> | undefined {
  if (!isObject(value)) {
    return refuse(
      parsing,
      path,
      `expected attribute names with the texts they are compared with, got ${nameOf(value)}`,
    );
  }
  const pairs: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    const at = `${path}.${name}`;
    if (!attributeName.test(name)) {
      refuse(parsing, at, "expected an attribute name: a lower-case letter, then lower-case letters and digits");
    } else if (typeof text !== "string") {
      refuse(parsing, at, `expected a string, got ${nameOf(text)}; put it in quotes`);
    } else if (text === "" && !emptyAllowed) {
      refuse(parsing, at, "expected a text that is not empty");
    } else {
      pairs[name] = text;
    }
  }
  return pairs;
}

/** Knative passes over empty dialects when it looks for the one that is set. */
function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function refuse(parsing: Parsing, path: string, message: string): undefined {
  parsing.problems.push({ path, message });
  return undefined;
}

function warn(parsing: Parsing, path: string, message: string): void {
  parsing.warnings.push({ path, message });
}

function isDialect(key: string): key is Dialect {
  return (dialects as readonly string[]).includes(key);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `${typeof value} ${String(value).slice(0, 40)}`;
}
