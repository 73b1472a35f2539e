import { type Clock, systemClock } from "./clock.ts";

/** Something to be undone when a scope closes. */
export type Disposer = () => void | Promise<void>;

/** Options of {@link Scope}. */
export interface ScopeOptions {
  /** How long closing may take in all, in milliseconds; default 10,000. */
  readonly drainMs?: number;
  readonly clock?: Clock;
}

/**
 * What was opened together and is closed together. States: open → closing → closed.
 * Closing aborts `signal`, then runs the disposers one after the other in reverse order; one that fails does not stop
 * the others; what is not done within the drain deadline is abandoned. Closing twice gives the same promise.
 */
export class Scope implements AsyncDisposable {
  private readonly controller = new AbortController();
  private readonly disposers: Disposer[] = [];
  private readonly drainMs: number;
  private readonly clock: Clock;
  private closing: Promise<void> | undefined;

  constructor(options: ScopeOptions = {}) {
    this.drainMs = options.drainMs ?? 10_000;
    this.clock = options.clock ?? systemClock;
  }

  /** Aborted as soon as closing begins. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Registers a disposer; on a scope that is closing already it runs at once. */
  defer(disposer: Disposer): void {
    if (this.closing) void Promise.resolve().then(disposer);
    else this.disposers.push(disposer);
  }

  /** Ties a disposable to this scope and returns it. */
  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(() => Promise.resolve(resource[Symbol.asyncDispose]()));
    return resource;
  }

  /** Closes the scope; throws an AggregateError when disposers failed or the deadline passed. */
  close(): Promise<void> {
    this.closing ??= this.run();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async run(): Promise<void> {
    this.controller.abort(new Error("the scope was closed"));
    const failures: unknown[] = [];
    const disposeAll = async () => {
      for (let next = this.disposers.pop(); next; next = this.disposers.pop()) {
        try {
          await next();
        } catch (failure) {
          failures.push(failure);
        }
      }
    };
    let deadlinePassed = false;
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimer(this.drainMs, () => {
        deadlinePassed = true;
        resolve();
      });
      void disposeAll().then(() => {
        timer.cancel();
        resolve();
      });
    });
    if (deadlinePassed) failures.push(new Error(`closing took longer than ${this.drainMs} ms`));
    if (failures.length > 0) throw new AggregateError(failures, "some things could not be closed");
  }
}
