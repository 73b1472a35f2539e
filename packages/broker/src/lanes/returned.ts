import { DelayHeap } from "../log/delay-heap.ts";

/** What fell due so long ago, and was passed over, is in other hands. */
const elsewhereMs = 1_000;

/**
 * Messages that were handed back for a while. A cursor does not count them among those that wait, and hands them out again
 * when they fall due, before any other. Sequences; times are monotonic milliseconds.
 */
export class Returned {
  private readonly dueAt = new Map<number, number>();
  private readonly later = new DelayHeap();
  /** Those that fell due, in that order. */
  private readonly fallen = new Set<number>();

  add(sequence: number, dueAt: number): void {
    this.dueAt.set(sequence, dueAt);
    this.later.push(dueAt, sequence);
  }

  /** It was handed out again, here. */
  taken(sequence: number): void {
    this.dueAt.delete(sequence);
    this.fallen.delete(sequence);
  }

  /** Another one was handed out, or none is there: what is due by now was taken by other processes. */
  passedOver(now: number): void {
    if (this.due(now) === 0) return;
    for (const sequence of this.fallen) {
      if ((this.dueAt.get(sequence) ?? 0) > now - elsewhereMs) return;
      this.taken(sequence);
    }
  }

  /** How many are due. */
  due(now: number): number {
    for (let next = this.later.popDue(now); next !== undefined; next = this.later.popDue(now)) {
      // Handed out before its time, and perhaps handed back again.
      if ((this.dueAt.get(next) ?? Infinity) <= now) this.fallen.add(next);
    }
    return this.fallen.size;
  }
}
