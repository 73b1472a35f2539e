import type { CloudEvent } from "@rouse/events";
import { carried, readerOf } from "./attribute.ts";
import type { AttributePairs, Filter } from "./filter.ts";
import { simplify } from "./simplify.ts";

/** Says whether an event is taken. Never throws, keeps no state. */
export type Predicate = (event: CloudEvent) => boolean;

/**
 * Turns a filter into a closure. No code is generated and no pattern of a user becomes a RegExp: the cost of a call is
 * bounded by the size of the filter and the lengths of the texts compared.
 */
export function compile(filter: Filter): Predicate {
  return compileSimplified(simplify(filter));
}

function compileSimplified(filter: Filter): Predicate {
  switch (filter.kind) {
    case "everything":
      return () => true;
    case "attributes":
      return allOf(pairPredicates(filter.pairs, carriedPredicate));
    case "exact":
      return allOf(pairPredicates(filter.pairs, exactPredicate));
    case "prefix":
      return allOf(pairPredicates(filter.pairs, prefixPredicate));
    case "suffix":
      return allOf(pairPredicates(filter.pairs, suffixPredicate));
    case "all":
      return allOf(filter.filters.map(compileSimplified));
    case "any":
      return anyOf(filter.filters.map(compileSimplified));
    case "not": {
      const inner = compileSimplified(filter.filter);
      return (event) => !inner(event);
    }
    default: {
      const unknown: never = filter;
      return unknown;
    }
  }
}

function pairPredicates(pairs: AttributePairs, make: (name: string, value: string) => Predicate): Predicate[] {
  return Object.entries(pairs).map(([name, value]) => make(name, value));
}

/** The older dialect: an empty value asks for the attribute to be there and not empty. */
function carriedPredicate(name: string, value: string): Predicate {
  if (value !== "") return (event) => carried(event, name) === value;
  return (event) => {
    const text = carried(event, name);
    return text !== undefined && text !== "";
  };
}

function exactPredicate(name: string, value: string): Predicate {
  const read = readerOf(name);
  return (event) => read(event) === value;
}

function prefixPredicate(name: string, value: string): Predicate {
  const read = readerOf(name);
  return (event) => read(event)?.startsWith(value) ?? false;
}

function suffixPredicate(name: string, value: string): Predicate {
  const read = readerOf(name);
  return (event) => read(event)?.endsWith(value) ?? false;
}

function allOf(predicates: readonly Predicate[]): Predicate {
  const [first, second] = predicates;
  if (predicates.length === 1) return first!;
  if (predicates.length === 2) return (event) => first!(event) && second!(event);
  return (event) => {
    for (const predicate of predicates) if (!predicate(event)) return false;
    return true;
  };
}

function anyOf(predicates: readonly Predicate[]): Predicate {
  return (event) => {
    for (const predicate of predicates) if (predicate(event)) return true;
    return false;
  };
}
