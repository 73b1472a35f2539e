/** Runs jobs one after the other, in the order in which they came; a job that fails is told and does not stop the next. */
export class WorkQueue {
  private tail: Promise<void> = Promise.resolve();
  private readonly failed: (failure: unknown) => void;

  constructor(failed: (failure: unknown) => void) {
    this.failed = failed;
  }

  push(job: () => void | Promise<void>): void {
    this.tail = this.tail.then(job).catch(this.failed);
  }

  /** Resolves when everything pushed so far is done. */
  settled(): Promise<void> {
    return this.tail;
  }
}
