import type { CloudEvent } from "@rouse/events";
import { carried, isCarried, readerOf } from "./attribute.ts";
import type { Filter } from "./filter.ts";
import { simplify } from "./simplify.ts";

/** One clause of a filter, and what it said of an event. */
export type ClauseVerdict =
  | { readonly kind: "everything"; readonly passed: true }
  | {
      readonly kind: "attributes" | "exact" | "prefix" | "suffix";
      readonly passed: boolean;
      readonly attribute: string;
      /** The text asked for; in `attributes`, empty asks for any value. */
      readonly wanted: string;
      /** The text that was compared; undefined when the event has no such attribute. */
      readonly seen: string | undefined;
      /** False when `seen` stands in for an attribute that the event does not carry. */
      readonly carried: boolean;
    }
  | { readonly kind: "all" | "any"; readonly passed: boolean; readonly clauses: readonly ClauseVerdict[] }
  | { readonly kind: "not"; readonly passed: boolean; readonly clause: ClauseVerdict };

/** Why a filter takes an event or does not. */
export interface Explanation {
  readonly matched: boolean;
  /** One line: the clause that decided; of several that failed, the one that came nearest. */
  readonly summary: string;
  /** The whole filter, simplified, with the verdict of each clause. */
  readonly clause: ClauseVerdict;
}

/** Explains what a filter says of an event; `matched` is always what the compiled filter answers. */
export function explain(filter: Filter, event: CloudEvent): Explanation {
  const clause = judge(simplify(filter), event);
  if (clause.kind === "everything") return { matched: true, summary: "takes every event", clause };
  if (clause.passed) return { matched: true, summary: decisive(clause).map(reason).join(" and "), clause };
  const misses = nearestMisses(clause, true);
  const more = misses.length > 1 ? ` (and ${misses.length - 1} more)` : "";
  return { matched: false, summary: `${misses[0]!.sentence}${more}`, clause };
}

function judge(filter: Filter, event: CloudEvent): ClauseVerdict {
  switch (filter.kind) {
    case "everything":
      return { kind: "everything", passed: true };
    case "attributes":
    case "exact":
    case "prefix":
    case "suffix": {
      const { kind } = filter;
      const clauses = Object.entries(filter.pairs).map(([name, value]) => judgePair(kind, name, value, event));
      return clauses.length === 1 ? clauses[0]! : { kind: "all", passed: clauses.every((c) => c.passed), clauses };
    }
    case "all": {
      const clauses = filter.filters.map((child) => judge(child, event));
      return { kind: "all", passed: clauses.every((clause) => clause.passed), clauses };
    }
    case "any": {
      const clauses = filter.filters.map((child) => judge(child, event));
      return { kind: "any", passed: clauses.some((clause) => clause.passed), clauses };
    }
    case "not": {
      const clause = judge(filter.filter, event);
      return { kind: "not", passed: !clause.passed, clause };
    }
    default: {
      const unknown: never = filter;
      return unknown;
    }
  }
}

type PairClause = Extract<ClauseVerdict, { attribute: string }>;

function judgePair(kind: PairClause["kind"], attribute: string, wanted: string, event: CloudEvent): PairClause {
  const seen = kind === "attributes" ? carried(event, attribute) : readerOf(attribute)(event);
  return {
    kind,
    passed: seen !== undefined && holds(kind, seen, wanted),
    attribute,
    wanted,
    seen,
    carried: isCarried(event, attribute),
  };
}

function holds(kind: PairClause["kind"], seen: string, wanted: string): boolean {
  switch (kind) {
    case "attributes":
      return wanted === "" ? seen !== "" : seen === wanted;
    case "exact":
      return seen === wanted;
    case "prefix":
      return seen.startsWith(wanted);
    case "suffix":
      return seen.endsWith(wanted);
    default: {
      const unknown: never = kind;
      return unknown;
    }
  }
}

/** A clause that would have had to come out the other way, and how near it was to that: higher is nearer. */
interface Miss {
  readonly sentence: string;
  readonly nearness: number;
}

/**
 * The fewest clauses that must change for the verdict to be what was `hoped`, nearest first; never empty when the
 * verdict is not that. Under `not` the hope turns round.
 */
function nearestMisses(clause: ClauseVerdict, hoped: boolean): readonly Miss[] {
  if (clause.passed === hoped) return [];
  switch (clause.kind) {
    case "everything":
      return [{ sentence: "every event is excluded", nearness: 0 }];
    case "all":
    case "any": {
      const misses = clause.clauses.map((child) => nearestMisses(child, hoped)).filter((miss) => miss.length > 0);
      if ((clause.kind === "all") === hoped) return misses.flat().sort((a, b) => b.nearness - a.nearness);
      return misses.sort((a, b) => a.length - b.length || b[0]!.nearness - a[0]!.nearness)[0]!;
    }
    case "not":
      return nearestMisses(clause.clause, !hoped);
    case "attributes":
    case "exact":
    case "prefix":
    case "suffix":
      return [hoped ? missOf(clause) : { sentence: `${reason(clause)}, which is excluded`, nearness: 0 }];
    default: {
      const unknown: never = clause;
      return unknown;
    }
  }
}

function missOf(clause: PairClause): Miss {
  const { attribute, seen, wanted } = clause;
  if (seen === undefined) return { sentence: `${attribute} is missing, wanted ${wish(clause)}`, nearness: 0 };
  const value = clause.carried ? quoted(seen) : `unset (compared as ${quoted(seen)})`;
  return {
    sentence: `${attribute} is ${value}, wanted ${wish(clause)}`,
    nearness: 1 + likeness(clause.kind, seen, wanted),
  };
}

function wish({ kind, wanted }: PairClause): string {
  switch (kind) {
    case "attributes":
      return wanted === "" ? "any value but the empty one" : quoted(wanted);
    case "exact":
      return quoted(wanted);
    case "prefix":
      return `a text that begins with ${quoted(wanted)}`;
    case "suffix":
      return `a text that ends with ${quoted(wanted)}`;
    default: {
      const unknown: never = kind;
      return unknown;
    }
  }
}

/** How much of the wanted text is there, 0 to 1, counted from the end that the dialect compares. */
function likeness(kind: PairClause["kind"], seen: string, wanted: string): number {
  const longest = Math.min(seen.length, wanted.length);
  let same = 0;
  if (kind === "suffix") while (same < longest && seen.at(-1 - same) === wanted.at(-1 - same)) same += 1;
  else while (same < longest && seen[same] === wanted[same]) same += 1;
  return wanted.length === 0 ? 0 : same / wanted.length;
}

/** The leaves that made a clause pass. */
function decisive(clause: ClauseVerdict): readonly ClauseVerdict[] {
  if (clause.kind === "all") return clause.clauses.flatMap(decisive);
  if (clause.kind === "any") return decisive(clause.clauses.find((child) => child.passed)!);
  return [clause];
}

/** What was found, as a sentence. */
function reason(clause: ClauseVerdict): string {
  switch (clause.kind) {
    case "everything":
      return "takes every event";
    case "not":
      return `not excluded, as ${nearestMisses(clause.clause, true)[0]!.sentence}`;
    case "all":
    case "any":
      return decisive(clause).map(reason).join(" and ");
    case "attributes":
    case "exact":
      return `${clause.attribute} is ${quoted(clause.seen ?? "")}`;
    case "prefix":
      return `${clause.attribute} ${quoted(clause.seen ?? "")} begins with ${quoted(clause.wanted)}`;
    case "suffix":
      return `${clause.attribute} ${quoted(clause.seen ?? "")} ends with ${quoted(clause.wanted)}`;
    default: {
      const unknown: never = clause;
      return unknown;
    }
  }
}

const quotedMax = 120;

function quoted(text: string): string {
  return JSON.stringify(text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text);
}
