import type { CloudEvent } from "@rouse/events";

/** What the broker must know of a trigger; everything else about it stays with whoever made the route. */
export interface Route {
  readonly uid: string;
  /** For people: the trigger's name. */
  readonly name: string;
  /** The trigger sees events whose log sequence is greater. */
  readonly fromSequence: number;
  readonly paused: boolean;
  /** The capacity key of the subscriber. */
  readonly target: string;
  /** The capacity key of the dead-letter sink, when one is declared. */
  readonly deadLetterTarget: string | undefined;
  /** How many attempts may be in flight at once in this process. */
  readonly maxInFlight: number;
}

/** The index over all triggers of one broker. */
export interface Matcher<R extends Route> {
  /** Every route whose filter takes the event; `addressee` (internal log only) names the one route meant by its uid. */
  match(event: CloudEvent, addressee: string | undefined): readonly R[];
  find(uid: string): R | undefined;
}

/** How much may be in flight to a target just now. */
export interface Capacity {
  /** Free slots of ready instances; 0 when the target is cold, starting, down or full. */
  free(target: string): number;
  /** The target is at zero or starting: one event may wait for it, and waiting wakes it. */
  cold(target: string): boolean;
  /** Something is about to be delivered: begin to wake the target. Cheap, may be repeated. */
  wake(target: string): void;
  /**
   * Whether any target at all is cold: only then it pays to match an event before it is stored. Asked for each event,
   * so it has to be O(1). Without it nothing is woken ahead.
   */
  anyCold?(): boolean;
  /**
   * So many events of `owner` wait for the target and could be delivered if it had more slots, what is being delivered
   * here not counted. Each call replaces what the same owner said before of the same target, so that owners add up.
   * Told at every change, so it has to be cheap.
   */
  backlog?(target: string, owner: string, count: number): void;
  /** Called when a target's answer may have changed; returns the way to stop listening. */
  onChange(listener: (target: string) => void): () => void;
}

/** The configuration that this process has applied (promise 9). */
export interface Configuration {
  /** The revision applied; grows. */
  readonly revision: number;
  /** False until everything stored at start has been applied: until then nothing is routed, swept or dead-lettered. */
  readonly loaded: boolean;
  /** True once the revision is applied, false when that takes longer than `timeoutMs`. */
  reached(revision: number, timeoutMs: number): Promise<boolean>;
  /** Called after every change of `revision` or `loaded`; returns the way to stop listening. */
  onChange(listener: () => void): () => void;
}
