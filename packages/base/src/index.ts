export { type Backoff, backoffDelayMs } from "./backoff.ts";
export { type Clock, sleep, systemClock, type Timer } from "./clock.ts";
export { Fault, type FaultOptions, messageOf } from "./fault.ts";
export { ManualClock } from "./manual-clock.ts";
export { type Disposer, Scope, type ScopeOptions } from "./scope.ts";
