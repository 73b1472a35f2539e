import {
  type BrokerObject,
  lookUpKind,
  type ObjectReference,
  type PingSourceObject,
  type ResourceObject,
  type ServiceObject,
  type TriggerObject,
} from "@rouse/resources";
import type { Entry, ResourceType, Store } from "../store/port.ts";

/** The kinds that are reconciled, in the order in which they are applied at start. */
export const types = {
  broker: { group: "eventing.knative.dev", plural: "brokers" },
  service: { group: "serving.knative.dev", plural: "services" },
  trigger: { group: "eventing.knative.dev", plural: "triggers" },
  pingSource: { group: "sources.knative.dev", plural: "pingsources" },
} as const satisfies Record<string, ResourceType>;

/** The stored document with its status, as the kind that its key says it is. */
export function objectOf<T extends ResourceObject>(entry: Entry): T {
  return { ...entry.object, ...(entry.status ? { status: entry.status } : {}) } as unknown as T;
}

/** Typed reading of the store's cache. */
export class Objects {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  broker(namespace: string, name: string): BrokerObject | undefined {
    return this.one(types.broker, namespace, name);
  }

  service(namespace: string, name: string): ServiceObject | undefined {
    return this.one(types.service, namespace, name);
  }

  trigger(namespace: string, name: string): TriggerObject | undefined {
    return this.one(types.trigger, namespace, name);
  }

  pingSource(namespace: string, name: string): PingSourceObject | undefined {
    return this.one(types.pingSource, namespace, name);
  }

  /** The object that a reference names, of whatever kind that is served. */
  referred(ref: ObjectReference, namespace: string): ResourceObject | undefined {
    const found = lookUpKind(ref.apiVersion, ref.kind);
    if (found.kind !== "found") return undefined;
    const { group, plural } = found.definition;
    return this.one({ group, plural }, ref.namespace ?? namespace, ref.name);
  }

  /** Every entry of a kind. */
  all(selection: ResourceType & { readonly namespace?: string }): readonly Entry[] {
    return this.store.list(selection);
  }

  private one<T extends ResourceObject>(type: ResourceType, namespace: string, name: string): T | undefined {
    const entry = this.store.get({ ...type, namespace, name });
    return entry && objectOf<T>(entry);
  }
}
