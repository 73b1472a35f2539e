/**
 * Many listeners on one signal, as one listener of the signal itself: thousands of attempts share the signal of their
 * process, and adding and removing a listener of an AbortSignal costs more than everything else an attempt does here.
 */
export class AbortFanout {
  private readonly listeners = new WeakMap<AbortSignal, Set<() => void>>();

  /** Calls `listener` once when the signal aborts, at once when it has; returns the way to stop listening. */
  listen(signal: AbortSignal, listener: () => void): () => void {
    if (signal.aborted) {
      listener();
      return () => {};
    }
    let all = this.listeners.get(signal);
    if (all === undefined) {
      const fresh = new Set<() => void>();
      signal.addEventListener("abort", () => this.fire(signal, fresh), { once: true });
      this.listeners.set(signal, fresh);
      all = fresh;
    }
    const listening = all;
    listening.add(listener);
    return () => void listening.delete(listener);
  }

  private fire(signal: AbortSignal, listeners: Set<() => void>): void {
    this.listeners.delete(signal);
    for (const listener of [...listeners]) listener();
  }
}
