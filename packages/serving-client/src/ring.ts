/** The last `capacity` things that were added, oldest first. */
export class Ring<T> {
  private readonly capacity: number;
  private readonly kept: T[] = [];
  private oldest = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  add(thing: T): void {
    if (this.kept.length < this.capacity) {
      this.kept.push(thing);
      return;
    }
    this.kept[this.oldest] = thing;
    this.oldest = (this.oldest + 1) % this.capacity;
  }

  all(): T[] {
    return [...this.kept.slice(this.oldest), ...this.kept.slice(0, this.oldest)];
  }
}
