import type { CloudEvent } from "@rouse/events";
import { FilterIndex } from "./filter/filter-index.ts";
import type { Subscription } from "./subscription.ts";
import { targetKey } from "./target.ts";

/** A trigger as the broker routes to it: what the broker must know, and the subscription it was made from. */
export interface TriggerRoute {
  readonly uid: string;
  /** For people: the trigger's name. */
  readonly name: string;
  /** The trigger sees events whose log sequence is greater. */
  readonly fromSequence: number;
  readonly paused: boolean;
  /** Capacity key of the subscriber. */
  readonly target: string;
  /** Capacity key of the dead-letter sink, when one is declared. */
  readonly deadLetterTarget: string | undefined;
  /** How many attempts may be in flight at once in this process. */
  readonly maxInFlight: number;
  readonly subscription: Subscription;
}

/** The triggers of one broker, indexed by their filters. Nothing to close. */
export interface TriggerMatcher {
  /** Adds the trigger, or replaces the one with its uid. */
  put(subscription: Subscription): void;
  /** Forgets a trigger; false when it was unknown. */
  remove(uid: string): boolean;
  /**
   * The routes of all triggers that take the event, in no particular order; with an addressee the one route of that
   * uid, whatever its filter says, or none. The same route object is returned until its trigger is put again.
   */
  match(event: CloudEvent, addressee: string | undefined): readonly TriggerRoute[];
  find(uid: string): TriggerRoute | undefined;
  /** How many triggers there are. */
  readonly size: number;
  /** How many of them have no guard and are tried for every event. */
  readonly residue: number;
}

/** Makes the route of a subscription. */
export function routeOf(subscription: Subscription): TriggerRoute {
  const { uid, name, fromSequence, paused, subscriber, deadLetterSink, maxInFlight } = subscription;
  return {
    uid,
    name,
    fromSequence,
    paused,
    target: targetKey(subscriber),
    deadLetterTarget: deadLetterSink && targetKey(deadLetterSink),
    maxInFlight,
    subscription,
  };
}

/** Makes a matcher without triggers. */
export function createMatcher(): TriggerMatcher {
  const routes = new Map<string, TriggerRoute>();
  const index = new FilterIndex<TriggerRoute>();
  return {
    put(subscription) {
      const route = routeOf(subscription);
      routes.set(route.uid, route);
      index.put(route.uid, subscription.filter, route);
    },
    remove(uid) {
      routes.delete(uid);
      return index.remove(uid);
    },
    match(event, addressee) {
      if (addressee === undefined) return index.match(event);
      const route = routes.get(addressee);
      return route === undefined ? [] : [route];
    },
    find: (uid) => routes.get(uid),
    get size() {
      return routes.size;
    },
    get residue() {
      return index.residue;
    },
  };
}
