import type { Clock } from "@rouse/base";
import type { InstanceAcquired, InstanceLease } from "../activator.ts";

/** A caller that waits for a slot. */
export interface Waiter {
  readonly since: number;
  /** What it found when it came: nothing (`cold`), a frozen instance (`thawed`), or a ready one (`warm`). */
  readonly found: InstanceLease["instance"];
  settle(answer: InstanceAcquired): void;
}

/** Callers in the order of their coming; one whose signal aborts leaves the row and is rejected with the signal's reason. */
export class Waiters {
  private readonly row = new Set<Waiter>();
  private readonly clock: Clock;
  private readonly abandoned: () => void;

  /** @param abandoned is called when a caller has left the row without an answer. */
  constructor(clock: Clock, abandoned: () => void) {
    this.clock = clock;
    this.abandoned = abandoned;
  }

  /** Puts a caller at the end of the row; `joined` runs when it stands there. */
  join(found: Waiter["found"], signal: AbortSignal, joined: () => void): Promise<InstanceAcquired> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      let settled = false;
      const leave = () => {
        this.row.delete(waiter);
        reject(signal.reason);
        this.abandoned();
      };
      const waiter: Waiter = {
        since: this.clock.monotonic(),
        found,
        settle(answer) {
          settled = true;
          signal.removeEventListener("abort", leave);
          resolve(answer);
        },
      };
      this.row.add(waiter);
      joined();
      // A warm caller has its answer by now; listening costs more than all the rest of its lease.
      if (settled) return;
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** The caller that waits longest, taken out of the row. */
  shift(): Waiter | undefined {
    const first = this.row.values().next();
    if (first.done) return undefined;
    this.row.delete(first.value);
    return first.value;
  }
}
