export type { AttemptNote, Delivery, Failure, Verdict } from "./delivery/delivery.ts";
export { createDispatcher, type Dispatcher, type DispatcherOptions, replyMaxDefault } from "./delivery/dispatcher.ts";
export { type DeliveryHeaders, deliveryHeaders } from "./delivery/headers-from-secret.ts";
export { TriggerFault, type TriggerFaultCode } from "./errors.ts";
export { compile, type Predicate } from "./filter/compile.ts";
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
export type { Replies, ReplyCause, ReplyResult } from "./replies.ts";
export type { RetryPolicy, Subscription } from "./subscription.ts";
export { type Acquired, type Failing, type Lease, type Target, type Targets, targetKey } from "./target.ts";
export { createUrlTargets, type UrlTargets, urlLimitDefault } from "./url-targets.ts";
