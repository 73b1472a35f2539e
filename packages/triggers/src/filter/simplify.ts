import type { Filter } from "./filter.ts";

/**
 * The same filter without the parts that say nothing, the way Knative's brokers build it: an empty `all`, `any`, map or
 * `not` is no filter at all. Inside a list it is left out (so `any: [{all: []}, x]` is `x`), `not` of it is it again,
 * and alone it takes every event. A list of one is that one.
 */
export function simplify(filter: Filter): Filter {
  switch (filter.kind) {
    case "everything":
      return filter;
    case "attributes":
    case "exact":
    case "prefix":
    case "suffix":
      return Object.keys(filter.pairs).length === 0 ? { kind: "everything" } : filter;
    case "all":
    case "any": {
      const filters = filter.filters.map(simplify).filter((child) => child.kind !== "everything");
      if (filters.length === 0) return { kind: "everything" };
      return filters.length === 1 ? filters[0]! : { kind: filter.kind, filters };
    }
    case "not": {
      const inner = simplify(filter.filter);
      return inner.kind === "everything" ? inner : { kind: "not", filter: inner };
    }
    default: {
      const unknown: never = filter;
      return unknown;
    }
  }
}
