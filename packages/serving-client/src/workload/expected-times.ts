/** A wall clock that was set by less than this says the same time. */
const sameMs = 100;

/** Times at which events are expected, each told once. Wall times come in, monotonic ones go out: those no clock change moves. */
export class ExpectedTimes {
  /** Wall to monotonic milliseconds. */
  private readonly due = new Map<number, number>();

  /**
   * When an expected time comes, in monotonic milliseconds; undefined when that was told already. After the wall clock
   * was set the same wall time is another one.
   */
  add(at: number, wallNow: number, now: number): number | undefined {
    for (const [known, dueAt] of this.due) if (dueAt < now) this.due.delete(known);
    const dueAt = now + at - wallNow;
    const before = this.due.get(at);
    if (before !== undefined && Math.abs(before - dueAt) < sameMs) return undefined;
    this.due.set(at, dueAt);
    return dueAt;
  }
}
