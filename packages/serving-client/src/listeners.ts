/** Who wants to be told of something. */
export class Listeners<T> {
  private readonly listeners = new Set<{ readonly call: (value: T) => void }>();

  /** Returns the way to stop listening. */
  add(call: (value: T) => void): () => void {
    const entry = { call };
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }

  tell(value: T): void {
    for (const { call } of this.listeners) call(value);
  }
}
