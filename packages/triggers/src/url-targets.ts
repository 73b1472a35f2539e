import { TriggerFault } from "./errors.ts";
import { type Acquired, type Target, type Targets, targetKey } from "./target.ts";

/** Targets that are plain URLs: always there, and counted so that it can be told how many more attempts they take. */
export interface UrlTargets extends Targets {
  /** An immediate lease for a URL; `held` for what is not resolved; throws TriggerFault for a service. */
  acquire(target: Target, signal: AbortSignal): Promise<Acquired>;
  /** How many attempts may be in flight to a target at once; undefined: the default again. */
  setLimit(key: string, maxInFlight: number | undefined): void;
  /** Limit less what is in flight; never below 0. */
  free(key: string): number;
  /** Called when a target that was full has room again; returns the way to stop listening. */
  onChange(listener: (key: string) => void): () => void;
}

/** In flight per URL when nothing is said. */
export const urlLimitDefault = 64;
/** How soon to look again for a target that is not resolved. */
const unresolvedRetryMs = 5_000;

/** Makes the accounting for URLs. Nothing to close. */
export function createUrlTargets(): UrlTargets {
  const limits = new Map<string, number>();
  const inFlight = new Map<string, number>();
  const listeners = new Set<(key: string) => void>();
  const free = (key: string) => Math.max(0, (limits.get(key) ?? urlLimitDefault) - (inFlight.get(key) ?? 0));
  const changed = (key: string, freeBefore: number) => {
    if (freeBefore === 0 && free(key) > 0) for (const listener of [...listeners]) listener(key);
  };
  const release = (key: string) => {
    const before = free(key);
    const left = (inFlight.get(key) ?? 1) - 1;
    if (left === 0) inFlight.delete(key);
    else inFlight.set(key, left);
    changed(key, before);
  };
  const lease = (url: string, key: string): Acquired => {
    let held = true;
    inFlight.set(key, (inFlight.get(key) ?? 0) + 1);
    const giveBack = () => {
      if (held) release(key);
      held = false;
    };
    return { kind: "lease", lease: { url, instance: undefined, waitedMs: 0, timeoutMs: undefined, release: giveBack } };
  };
  return {
    async acquire(target, signal) {
      signal.throwIfAborted();
      switch (target.kind) {
        case "url":
          return lease(target.url, targetKey(target));
        case "unresolved":
          return { kind: "held", reason: target.reason, retryAfterMs: unresolvedRetryMs };
        case "service":
          throw new TriggerFault("TRIGGER_TARGET_UNSUPPORTED", `expected a URL, got ${targetKey(target)}`, {
            hint: "ask whoever runs services for a lease",
          });
        default: {
          const unknown: never = target;
          return unknown;
        }
      }
    },
    setLimit(key, maxInFlight) {
      const before = free(key);
      if (maxInFlight === undefined) limits.delete(key);
      else limits.set(key, maxInFlight);
      changed(key, before);
    },
    free,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
