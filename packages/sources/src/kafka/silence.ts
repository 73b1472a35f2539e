/**
 * The silence of brokers, which ends every wait for an answer. No promise that is raced against the answers: each race
 * would stay, with its answer, for as long as the brokers are not silent.
 */
export class Silence {
  private readonly waiting = new Set<(failure: unknown) => void>();
  private failure: { readonly thrown: unknown } | undefined;

  /** A broker has not answered in time: every wait, and every later one, rejects with the failure. */
  fallen(thrown: unknown): void {
    this.failure ??= { thrown };
    for (const reject of this.waiting) reject(thrown);
    this.waiting.clear();
  }

  /** What comes of the answer, unless there is silence first. */
  orAnswer<T>(answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.failure !== undefined) reject(this.failure.thrown);
      else this.waiting.add(reject);
      answer.then(resolve, reject).finally(() => this.waiting.delete(reject));
    });
  }

  /** How many answers are waited for. */
  get waits(): number {
    return this.waiting.size;
  }
}
