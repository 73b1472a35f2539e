import type { Clock } from "@rouse/base";

/** What `work` gives; rejects with `late` when it takes longer than `ms`. The work itself is not stopped. */
export function within<T>(clock: Clock, ms: number, late: unknown, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(ms, () => reject(late));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
