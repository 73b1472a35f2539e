export { type ClauseVerdict, type Explanation, explain } from "./filter/explain.ts";
export type { AttributePairs, Filter } from "./filter/filter.ts";
export {
  type FilterProblem,
  type FilterSpec,
  filterDepthMax,
  filterNodesMax,
  type ParsedFilter,
  parseFilter,
} from "./filter/parse.ts";
export { createMatcher, routeOf, type TriggerMatcher, type TriggerRoute } from "./matcher.ts";
export type { RetryPolicy, Subscription } from "./subscription.ts";
export { type Acquired, type Lease, type Target, type Targets, targetKey } from "./target.ts";
