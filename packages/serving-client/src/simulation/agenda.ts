/** What is to happen at a time; what was added first comes first. */
export class Agenda<T> {
  private readonly heap: { readonly at: number; readonly order: number; readonly what: T }[] = [];
  private added = 0;

  add(at: number, what: T): void {
    const { heap } = this;
    heap.push({ at, order: this.added++, what });
    for (let n = heap.length - 1; n > 0; ) {
      const above = (n - 1) >> 1;
      if (!this.swapIfSooner(n, above)) return;
      n = above;
    }
  }

  /** The soonest, taken out. */
  next(): { readonly at: number; readonly what: T } | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let n = 0; ; ) {
      const left = 2 * n + 1;
      const child = left + 1 < heap.length && this.isSooner(left + 1, left) ? left + 1 : left;
      if (child >= heap.length || !this.swapIfSooner(child, n)) return first;
      n = child;
    }
  }

  private swapIfSooner(lower: number, upper: number): boolean {
    if (!this.isSooner(lower, upper)) return false;
    const { heap } = this;
    const a = heap[lower];
    const b = heap[upper];
    if (a && b) {
      heap[lower] = b;
      heap[upper] = a;
    }
    return true;
  }

  private isSooner(n: number, m: number): boolean {
    const a = this.heap[n];
    const b = this.heap[m];
    return a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
  }
}
