/** Something that happens once, for many who wait: an AbortSignal looks through all its listeners whenever one is added. */
export class Gone {
  private readonly waiters = new Set<() => void>();
  private passed = false;

  get happened(): boolean {
    return this.passed;
  }

  /** Calls `wake` when it happens; the answer takes that back. Not to be called when it happened already. */
  onHappening(wake: () => void): () => void {
    this.waiters.add(wake);
    return () => void this.waiters.delete(wake);
  }

  happen(): void {
    this.passed = true;
    for (const wake of this.waiters) wake();
    this.waiters.clear();
  }
}
