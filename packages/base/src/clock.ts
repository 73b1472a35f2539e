/** A timer that was set on a {@link Clock}; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Where time comes from. Every package takes its clock as an argument, so that tests move time by hand.
 * This file is the only place that reads the machine's clock.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch; may step backwards. */
  now(): number;
  /** Milliseconds that never step backwards, with a fraction; only differences mean something. */
  monotonic(): number;
  /** Calls `fire` once after `delayMs` (at least 0, capped at 2^31 - 1). Does not keep the process alive. */
  setTimer(delayMs: number, fire: () => void): Timer;
}

const longestTimerMs = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, fire) {
    const handle = setTimeout(fire, Math.min(Math.max(0, delayMs), longestTimerMs));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs`; rejects with `signal.reason` when the signal aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
