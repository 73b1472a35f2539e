import type { PingSourceObject } from "@rouse/resources";
import { tickEvent } from "@rouse/sources";
import { type Objects, objectOf, types } from "../reconcile/objects.ts";
import type { OpenBrokers } from "../reconcile/open-brokers.ts";
import { firstStop } from "../reconcile/sources/addressee.ts";
import { overridesOf } from "../reconcile/sources/overrides.ts";
import type { Entry } from "../store/port.ts";
import type { PlannedPing } from "./prewarm-plan.ts";

/** A PingSource with its object. */
export interface TickingPing extends PlannedPing {
  readonly entry: Entry;
}

/** What finding out whom a tick wakes needs. */
export interface TickTargetParts {
  readonly objects: Pick<Objects, "all">;
  readonly brokers: Pick<OpenBrokers, "find" | "matcher">;
  /** The next planned time of a PingSource that runs. */
  readonly nextTick: (namespace: string, name: string) => number | undefined;
  /** False for a service, `<namespace>/<name>`, with the annotation `rouse.dev/prewarm: off`, and for one that is not there. */
  readonly prewarms: (key: string) => boolean;
}

const servicePrefix = "service:";

/** PingSources, and the services that their ticks wake, by the same matching that the broker does with the event itself. */
export function createTickTargets(parts: TickTargetParts) {
  const { brokers, nextTick, objects, prewarms } = parts;
  return {
    *pings(): Iterable<TickingPing> {
      for (const entry of objects.all(types.pingSource)) {
        const { namespace, name } = entry.id;
        yield { namespace, name, entry, nextTick: () => nextTick(namespace, name) };
      }
    },
    servicesOf({ entry, namespace, name }: TickingPing, at: number): readonly string[] {
      const { spec } = objectOf<PingSourceObject>(entry);
      const stop = firstStop(spec.sink, namespace);
      if (brokers.find(stop.namespace, stop.broker) === undefined) return [];
      const { contentType, data, dataBase64 } = spec;
      const ceOverrides = overridesOf(spec.ceOverrides);
      const { event } = tickEvent(
        { uid: entry.uid, namespace, name, contentType, data, dataBase64, ceOverrides },
        at,
        false,
      );
      const routes = brokers
        .matcher(stop.namespace, stop.broker)
        .match(event, stop.direct ? undefined : entry.uid)
        .filter((route) => !route.paused && route.target.startsWith(servicePrefix));
      return routes.map((route) => route.target.slice(servicePrefix.length)).filter(prewarms);
    },
  };
}
