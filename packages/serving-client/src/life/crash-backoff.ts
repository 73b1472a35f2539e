import { backoffDelayMs } from "@rouse/base";
import type { Draft } from "./serving-draft.ts";

/** An instance that was ready this long clears the count of failures. */
const forgivenMs = 60_000;

/** How long nothing is started after so many failures. */
const crashBackoff = { policy: "exponential", delayMs: 1_000, capMs: 60_000, jitter: 0.2 } as const;

/** An instance ended after it was ready for so long: what failed before it counts no more when that was long enough. */
export function forgive(draft: Draft, readyMs: number): void {
  if (readyMs >= forgivenMs) draft.failures = 0;
}

/** An instance is stopped because there was nothing to do for it: it could serve, and a start that failed before it is past. */
export function forgiveServed(draft: Draft): void {
  draft.failures = 0;
}

/** A start failed: the next one waits, the longer the more failed before it. */
export function countFailure(
  draft: Draft,
  input: { readonly message: string; readonly chance: number },
  reason: string,
  now: number,
): void {
  if (draft.instances.some((other) => other.kind === "ready" && now - other.readySince >= forgivenMs))
    draft.failures = 0;
  draft.failures++;
  draft.startFailures++;
  draft.failuresByCause = { ...draft.failuresByCause, [reason]: (draft.failuresByCause[reason] ?? 0) + 1 };
  draft.proven = false;
  draft.backoffUntil = now + backoffDelayMs(crashBackoff, draft.failures, () => input.chance);
  draft.failure = { reason, message: input.message, at: now, since: draft.failure?.since ?? now };
}
