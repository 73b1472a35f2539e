import { type Clock, sleep } from "@rouse/base";
import type { Configuration } from "@rouse/broker";

/**
 * What this process has applied of the store (promise 9): the reconciler advances it after each change, routers wait
 * for it. Starts unloaded at revision 0.
 */
export class AppliedConfiguration implements Configuration {
  private readonly clock: Clock;
  private readonly newest: () => Promise<number>;
  private readonly listeners = new Set<() => void>();
  private applied = 0;
  private complete = false;

  /** @param newest the newest revision that any process has written; rejects while the store is away. */
  constructor(clock: Clock, newest: () => Promise<number>) {
    this.clock = clock;
    this.newest = newest;
  }

  get revision(): number {
    return this.applied;
  }

  get loaded(): boolean {
    return this.complete;
  }

  /** Everything up to `revision` has taken effect in this process. */
  advance(revision: number): void {
    if (revision <= this.applied) return;
    this.applied = revision;
    this.tell();
  }

  /** Everything that was stored at start has been applied. */
  markLoaded(): void {
    if (this.complete) return;
    this.complete = true;
    this.tell();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async reached(revision: number, timeoutMs: number): Promise<boolean> {
    if (await this.appliedWithin(revision, timeoutMs)) return true;
    // A revision that does not exist (the store was lost, the log was kept) will not come: what there is has to do.
    const newest = await this.newest().catch(() => undefined);
    return newest !== undefined && newest < revision && this.applied >= newest;
  }

  private appliedWithin(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.applied >= revision) return Promise.resolve(true);
    const giveUp = new AbortController();
    return new Promise((resolve) => {
      const settle = (reached: boolean) => {
        stop();
        giveUp.abort();
        resolve(reached);
      };
      const stop = this.onChange(() => {
        if (this.applied >= revision) settle(true);
      });
      sleep(this.clock, timeoutMs, giveUp.signal).then(
        () => settle(false),
        () => undefined,
      );
    });
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
