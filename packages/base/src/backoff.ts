/** How the delay before a retry grows. */
export interface Backoff {
  readonly policy: "linear" | "exponential";
  /** The base delay d in milliseconds. */
  readonly delayMs: number;
  /** No delay is longer than this, before jitter; milliseconds. */
  readonly capMs: number;
  /** The share by which a delay may be longer or shorter: 0.1 is ±10 %. */
  readonly jitter: number;
}

/**
 * The delay before retry `n` (1 is the first retry): d, 2d, 4d … when exponential, d, d, d … when linear,
 * at most the cap, spread by the jitter. Never negative, never NaN for large `n`.
 * @param random a number in [0, 1), from the caller.
 */
export function backoffDelayMs(backoff: Backoff, n: number, random: () => number): number {
  const factor = backoff.policy === "exponential" ? 2 ** Math.min(Math.max(0, n - 1), 1000) : 1;
  const delay = Math.min(backoff.delayMs * factor, backoff.capMs);
  const spread = backoff.jitter === 0 ? 0 : delay * backoff.jitter * (2 * random() - 1);
  return Math.max(0, Math.round(delay + spread));
}
