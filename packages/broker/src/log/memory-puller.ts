import type { HeldMessage, Puller, PullOptions } from "./engine.ts";

/** One puller of a cursor of the memory engine. States: pulling → stopped. */
export class MemoryPuller implements Puller {
  private readonly options: PullOptions;
  private readonly wake: () => void;
  private heldCount = 0;
  private stopped = false;

  /** @param wake tells the cursor that there may be room. */
  constructor(options: PullOptions, wake: () => void) {
    this.options = options;
    this.wake = wake;
  }

  get held(): number {
    return this.heldCount;
  }

  get pulling(): boolean {
    return !this.stopped;
  }

  /** Whether one more message may be handed out here now. */
  get hasRoom(): boolean {
    return !this.stopped && this.heldCount < this.options.window();
  }

  ask(): void {
    if (!this.stopped) this.wake();
  }

  stop(): void {
    this.stopped = true;
  }

  take(message: HeldMessage): void {
    this.heldCount++;
    this.options.onMessage(message);
  }

  /** A message held here was settled. */
  released(): void {
    this.heldCount--;
    if (this.stopped) this.options.onReleased?.();
    else this.wake();
  }

  /** The cursor is gone: stops, and says so after the caller has returned. */
  lose(): void {
    if (this.stopped) return;
    this.stopped = true;
    queueMicrotask(this.options.onGone);
  }
}
