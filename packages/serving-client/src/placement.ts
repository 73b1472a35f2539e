import type { Workload } from "./workload.ts";

/** A place for one instance. */
export interface Place {
  readonly kind: "slot";
  release(): void;
}

/** A place for one more instance, or why there is none now; `reason` is one CamelCase word, `message` a sentence. */
export type Placed =
  | Place
  | { readonly kind: "none"; readonly reason: string; readonly message: string; readonly retryAfterMs: number };

/** Whoever counts the instances of a workload over all processes that share the configuration. */
export interface Placement {
  /**
   * Asks for a place before an instance starts. Answers at once where that is possible, so that a cold start does not wait;
   * never rejects. `release` is called when the instance has ended, or was not started after all.
   * @param leaving the places of instances that are ending, or will once this one is ready: it may share one of them.
   */
  place(workload: Pick<Workload, "key" | "maxScale">, leaving?: readonly Place[]): Placed | Promise<Placed>;
  /** Tells how many of the workload's minimum are to be kept here, at once and after every change; returns the way to stop. */
  watchFloor(workload: Pick<Workload, "key" | "minScale">, told: (count: number) => void): () => void;
}

/** Every instance may be started here, and all of the minimum is kept here: there is no other process. */
export const hereAlone: Placement = {
  place: () => ({ kind: "slot", release: () => {} }),
  watchFloor({ minScale }, told) {
    told(minScale);
    return () => {};
  },
};
