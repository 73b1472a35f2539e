import type { Clock } from "@rouse/base";

interface Remembered {
  readonly handle: string;
  /** Monotonic. */
  readonly at: number;
}

/** More than that many are not remembered; the oldest go first. */
const rememberedMax = 10_000;

/**
 * The message ids that this process stored of late, so that a delivery is recognised for longer than the log's own
 * window lasts. Other processes and later starts know nothing of them.
 */
export class RecentDeliveries {
  private readonly remembered = new Map<string, Remembered>();
  private readonly clock: Clock;
  private readonly forMs: number;

  constructor(clock: Clock, forMs: number) {
    this.clock = clock;
    this.forMs = forMs;
  }

  /** The handle under which it was stored; undefined when it is not known. */
  handleOf(messageId: string): string | undefined {
    this.forget();
    return this.remembered.get(messageId)?.handle;
  }

  add(messageId: string, handle: string): void {
    if (this.remembered.has(messageId)) return;
    this.forget();
    this.remembered.set(messageId, { handle, at: this.clock.monotonic() });
  }

  private forget(): void {
    const since = this.clock.monotonic() - this.forMs;
    // In the order in which they were added.
    for (const [messageId, { at }] of this.remembered) {
      if (at >= since && this.remembered.size < rememberedMax) return;
      this.remembered.delete(messageId);
    }
  }
}
