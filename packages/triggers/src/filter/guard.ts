import { namesAlwaysThere } from "./attribute.ts";
import type { AttributePairs, Filter } from "./filter.ts";
import { simplify } from "./simplify.ts";

/** Something positive that can be looked up by an event's attribute. */
export interface GuardPredicate {
  readonly kind: "exact" | "prefix" | "suffix" | "present";
  readonly attribute: string;
  /** Empty for `present`. */
  readonly value: string;
}

/**
 * What must hold before a filter can take an event: one predicate; at least one of several guards; every one of several
 * guards (so watching the cheapest of them is enough); or nothing that could be looked up.
 */
export type Guard =
  | { readonly kind: "predicate"; readonly predicate: GuardPredicate }
  | { readonly kind: "one-of"; readonly guards: readonly Guard[] }
  | { readonly kind: "each-of"; readonly guards: readonly Guard[] }
  | { readonly kind: "none" };

const none: Guard = { kind: "none" };

/** The guard of a filter. A filter never takes an event for which its guard does not hold. */
export function guardOf(filter: Filter): Guard {
  return derive(simplify(filter), false);
}

/**
 * True when the guard of a filter says all that the filter says: one pair, compared as the index compares it. What is
 * found under such a guard need not be tried again.
 */
export function isWholeGuard(filter: Filter): boolean {
  const simple = simplify(filter);
  if (!("pairs" in simple)) return false;
  const [pair, ...others] = Object.entries(simple.pairs);
  if (pair === undefined || others.length > 0) return false;
  // The older dialect sees neither stand-ins nor empty values; the index does.
  return simple.kind !== "attributes" || (pair[1] !== "" && !namesAlwaysThere.includes(pair[0]));
}

/** `negated` pushes `not` inward, so that `not` of `not`, or of `all` of `not`s, still has a guard. */
function derive(filter: Filter, negated: boolean): Guard {
  switch (filter.kind) {
    case "everything":
      return none;
    case "attributes":
      return negated ? none : pairGuard(filter.pairs, carriedGuard);
    case "exact":
    case "prefix":
    case "suffix": {
      const { kind } = filter;
      const make = (attribute: string, value: string): Guard => ({
        kind: "predicate",
        predicate: { kind, attribute, value },
      });
      return negated ? none : pairGuard(filter.pairs, make);
    }
    case "all":
    case "any": {
      const guards = filter.filters.map((child) => derive(child, negated));
      return (filter.kind === "all") === negated ? oneOf(guards) : eachOf(guards);
    }
    case "not":
      return derive(filter.filter, !negated);
    default: {
      const unknown: never = filter;
      return unknown;
    }
  }
}

function pairGuard(pairs: AttributePairs, make: (attribute: string, value: string) => Guard): Guard {
  return eachOf(Object.entries(pairs).map(([attribute, value]) => make(attribute, value)));
}

function carriedGuard(attribute: string, value: string): Guard {
  return { kind: "predicate", predicate: { kind: value === "" ? "present" : "exact", attribute, value } };
}

function eachOf(guards: readonly Guard[]): Guard {
  const useful = guards.filter((guard) => guard.kind !== "none");
  if (useful.length === 0) return none;
  return useful.length === 1 ? useful[0]! : { kind: "each-of", guards: useful };
}

function oneOf(guards: readonly Guard[]): Guard {
  return guards.some((guard) => guard.kind === "none") ? none : { kind: "one-of", guards };
}

/** Predicates under which a filter is to be found, and what looking there costs. */
export interface ChosenGuard {
  readonly predicates: readonly GuardPredicate[];
  readonly cost: number;
}

/**
 * The cheapest way to watch a guard, by what each predicate costs now; undefined when there is none. Of equal costs
 * the first of an `all` wins.
 */
export function chooseGuard(guard: Guard, costOf: (predicate: GuardPredicate) => number): ChosenGuard | undefined {
  switch (guard.kind) {
    case "none":
      return undefined;
    case "predicate":
      return { predicates: [guard.predicate], cost: costOf(guard.predicate) };
    case "each-of": {
      let best: ChosenGuard | undefined;
      for (const child of guard.guards) {
        const chosen = chooseGuard(child, costOf);
        if (chosen && (best === undefined || chosen.cost < best.cost)) best = chosen;
      }
      return best;
    }
    case "one-of": {
      const predicates: GuardPredicate[] = [];
      let cost = 0;
      for (const child of guard.guards) {
        const chosen = chooseGuard(child, costOf);
        if (chosen === undefined) return undefined;
        predicates.push(...chosen.predicates);
        cost += chosen.cost;
      }
      return { predicates, cost };
    }
    default: {
      const unknown: never = guard;
      return unknown;
    }
  }
}
