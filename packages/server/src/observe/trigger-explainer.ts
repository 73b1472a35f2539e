import type { TriggerObject } from "@rouse/resources";
import { explain } from "@rouse/triggers";
import { type Objects, objectOf, types } from "../reconcile/objects.ts";
import type { OpenBrokers } from "../reconcile/open-brokers.ts";
import type { Explainer } from "./timeline.ts";

/** A broker with more triggers than this has only those listed that took the event. */
const explainedMost = 20;

/** Says of each trigger of a broker whether it took an event, and if not, which clause said no. */
export function createExplainer(objects: Objects, brokers: OpenBrokers): Explainer {
  return (namespace, broker, event) => {
    const matcher = brokers.matcher(namespace, broker);
    if (matcher.size > explainedMost) return undefined;
    const lines: { name: string; matched: boolean; why?: string }[] = [];
    for (const entry of objects.all(types.trigger)) {
      if (entry.id.namespace !== namespace || objectOf<TriggerObject>(entry).spec.broker !== broker) continue;
      const route = matcher.find(entry.uid);
      if (!route) continue;
      const { matched, summary } = explain(route.subscription.filter, event);
      lines.push(matched ? { name: entry.id.name, matched } : { name: entry.id.name, matched, why: summary });
    }
    return lines;
  };
}
