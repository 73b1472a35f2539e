/** Counts what happens to paths within a span of time. */
export class FrequentPaths {
  private readonly max: number;
  private readonly windowMs: number;
  private readonly times = new Map<string, readonly number[]>();

  constructor(max: number, windowMs: number) {
    this.max = max;
    this.windowMs = windowMs;
  }

  /** Adds one for each path, `now` in monotonic milliseconds; gives those that now have `max` within the span, and forgets them. */
  add(paths: readonly string[], now: number): string[] {
    for (const [path, times] of this.times) if (this.isOver(times.at(-1), now)) this.times.delete(path);
    return paths.filter((path) => {
      const times = [...(this.times.get(path) ?? []).filter((at) => !this.isOver(at, now)), now];
      this.times.set(path, times);
      return times.length >= this.max && this.times.delete(path);
    });
  }

  private isOver(at: number | undefined, now: number): boolean {
    return at === undefined || now - at > this.windowMs;
  }
}
