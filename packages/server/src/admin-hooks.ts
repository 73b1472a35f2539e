import type { ResourceObject, TriggerObject } from "@rouse/resources";
import type { AdminHooks } from "./api/options.ts";
import type { AppliedConfiguration } from "./configuration.ts";
import type { OpenBrokers } from "./reconcile/open-brokers.ts";

/** How long an answer waits until this process has applied what was written. */
const applyMs = 10_000;

/** Where the API meets brokers: a trigger's beginning, applying before answering, and what a deletion leaves behind. */
export function createAdminHooks(parts: { brokers: OpenBrokers; configuration: AppliedConfiguration }): AdminHooks {
  const { brokers, configuration } = parts;
  return {
    /** A trigger sees what is stored after its creation: the beginning is fixed before anybody can see the trigger. */
    async beforeCreate(object) {
      if (object.kind !== "Trigger") return undefined;
      const broker = brokers.find(object.metadata.namespace ?? "", (object as TriggerObject).spec.broker);
      return { fromSequence: broker ? await broker.lastSequence() : 0 };
    },
    async afterWrite(revision) {
      await configuration.reached(revision, applyMs);
    },
    async afterDelete(object, query) {
      return object.kind === "Trigger" ? endLane(object, query.keepBacklog === "true") : [];
    },
  };

  async function endLane(object: ResourceObject, keepBacklog: boolean): Promise<readonly string[]> {
    const { namespace, uid } = object.metadata;
    const broker = brokers.find(namespace ?? "", (object as TriggerObject).spec.broker);
    if (!broker || uid === undefined) return [];
    const waiting = await broker.removeTrigger(uid, { keepBacklog });
    if (waiting === 0) return [];
    const events = waiting === 1 ? "1 waiting event was" : `${waiting} waiting events were`;
    return [keepBacklog ? `${events} moved to the dead stream` : `${events} removed with the trigger`];
  }
}
