import type { CloudEvent } from "@rouse/events";
import type { Capacity, Matcher, Route } from "../route.ts";

/** What {@link LookAhead} is made of. */
export interface LookAheadParts<R extends Route> {
  readonly matcher: Matcher<R>;
  readonly capacity: Capacity;
  /** False: nothing is routed yet, so nothing is to be woken. */
  readonly loaded: () => boolean;
  /** Runs what is handed to it after what this turn of the event loop sends was sent; default `setImmediate`. */
  readonly later?: (run: () => void) => void;
}

/**
 * Wakes the cold targets of an event while it is being stored, so that the start overlaps with the write and with
 * routing. Whether the write succeeds is not known yet: a target woken for nothing goes back to zero by itself.
 */
export class LookAhead<R extends Route> {
  private readonly parts: LookAheadParts<R>;
  private readonly later: (run: () => void) => void;

  constructor(parts: LookAheadParts<R>) {
    this.parts = parts;
    this.later = parts.later ?? setImmediate;
  }

  /** To be called right after the event was handed to the engine. */
  writing(event: CloudEvent, addressee: string | undefined): void {
    if (!this.parts.capacity.anyCold?.() || !this.parts.loaded()) return;
    // Starting a process stops this one for a millisecond or two: the write has to be on its way by then.
    this.later(() => this.wake(event, addressee));
  }

  private wake(event: CloudEvent, addressee: string | undefined): void {
    const { capacity, matcher } = this.parts;
    try {
      for (const route of matcher.match(event, addressee)) {
        if (!route.paused && capacity.cold(route.target)) capacity.wake(route.target);
      }
    } catch {
      // The router asks the same and says what is wrong; here nothing but a head start is lost.
    }
  }
}
