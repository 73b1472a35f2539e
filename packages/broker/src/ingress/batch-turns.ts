/**
 * Lets batches go on a part at a time, one part a turn of the event loop over all batches, in the order in which they
 * asked, so that what came in between is not kept waiting by them.
 */
export class BatchTurns {
  private readonly later: (run: () => void) => void;
  private waiting: (() => void)[] = [];

  /** @param later runs what is handed to it in the next turn of the event loop; default `setImmediate`. */
  constructor(later: (run: () => void) => void = setImmediate) {
    this.later = later;
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.waiting.push(resolve) === 1) this.later(this.take);
    });
  }

  private readonly take = (): void => {
    this.waiting.shift()?.();
    if (this.waiting.length > 0) this.later(this.take);
  };
}
