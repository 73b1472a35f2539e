interface Entry {
  readonly at: number;
  readonly value: number;
}

/** Numbers ordered by the time at which they fall due. */
export class DelayHeap {
  private readonly entries: Entry[] = [];

  /** When the first falls due; undefined when there is none. */
  get first(): number | undefined {
    return this.entries[0]?.at;
  }

  push(at: number, value: number): void {
    const entries = this.entries;
    const entry = { at, value };
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent]!;
      if (above.at <= at) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  /** Takes the first number that is due at `now`. */
  popDue(now: number): number | undefined {
    const top = this.entries[0];
    if (!top || top.at > now) return undefined;
    const last = this.entries.pop()!;
    if (this.entries.length > 0) this.sink(last);
    return top.value;
  }

  private sink(entry: Entry): void {
    const entries = this.entries;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && entries[child + 1]!.at < entries[child]!.at) child++;
      if (entries[child]!.at >= entry.at) break;
      entries[index] = entries[child]!;
      index = child;
    }
    entries[index] = entry;
  }
}
