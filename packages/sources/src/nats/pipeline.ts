/** Works on things in the order in which they came, at most `width` at once; with a width of one, one after the other. */
export class Pipeline<T> {
  private readonly width: number;
  private readonly work: (item: T) => Promise<void>;
  private readonly waiting: T[] = [];
  private readonly running = new Set<Promise<void>>();

  /** @param work must not reject. */
  constructor(width: number, work: (item: T) => Promise<void>) {
    this.width = width;
    this.work = work;
  }

  /** How many are being worked on. */
  get active(): number {
    return this.running.size;
  }

  put(item: T): void {
    this.waiting.push(item);
    this.pump();
  }

  /** Takes out what is not begun yet. */
  takeWaiting(): T[] {
    return this.waiting.splice(0);
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private pump(): void {
    while (this.running.size < this.width) {
      const item = this.waiting.shift();
      if (item === undefined) return;
      const done = this.work(item).then(() => {
        this.running.delete(done);
        this.pump();
      });
      this.running.add(done);
    }
  }
}
