import { messageOf } from "@rouse/base";
import {
  type BrokerObject,
  type Destination,
  isReady,
  lookUpKind,
  type PingSourceObject,
  type TriggerObject,
} from "@rouse/resources";
import type { Logger } from "pino";
import type { AppliedConfiguration } from "../configuration.ts";
import type { Change, Entry, ObjectId, Store } from "../store/port.ts";
import type { BrokerReconciler } from "./broker-reconciler.ts";
import { objectOf, types } from "./objects.ts";
import type { PingSourceReconciler } from "./ping-source-reconciler.ts";
import type { ServiceReconciler } from "./service-reconciler.ts";
import { dependencyOf, type TriggerReconciler } from "./trigger-reconciler.ts";
import { WorkQueue } from "./work-queue.ts";

/** What keeps the objects of one kind running as they are stored. */
interface KindReconciler {
  apply(entry: Entry): void | Promise<void>;
  remove(entry: Entry): void | Promise<void>;
}

/** The reconcilers of the kinds. */
export interface KindReconcilers {
  readonly brokers: BrokerReconciler;
  readonly services: ServiceReconciler;
  readonly triggers: TriggerReconciler;
  readonly pingSources: PingSourceReconciler;
}

const startOrder = [types.broker, types.service, types.trigger, types.pingSource] as const;

/**
 * Turns objects into what the domains run: everything at start, then change by change in the store's order. After each
 * change the configuration's revision advances, so that whoever waits for it knows that it has taken effect. A broker
 * that could not be opened is tried again when the store or the engine comes back.
 */
export class Reconciler {
  private readonly store: Store;
  private readonly kinds: KindReconcilers;
  private readonly configuration: AppliedConfiguration;
  private readonly queue: WorkQueue;
  private stopWatching: (() => void) | undefined;

  constructor(store: Store, kinds: KindReconcilers, configuration: AppliedConfiguration, logger: Logger) {
    this.store = store;
    this.kinds = kinds;
    this.configuration = configuration;
    this.queue = new WorkQueue((failure) =>
      logger.error({ reason: messageOf(failure) }, "an object could not be applied"),
    );
  }

  /** Applies everything that is stored and follows the changes from there on; sources tick when all is applied. */
  async start(): Promise<void> {
    await this.store.loaded;
    const revision = this.store.revision;
    const watching = this.store.watch({}, (change) => this.queue.push(() => this.changed(change)));
    if (watching.kind === "watching") this.stopWatching = () => watching.close();
    for (const type of startOrder) {
      for (const entry of this.store.list(type)) this.queue.push(() => this.apply(entry));
    }
    this.queue.push(() => {
      this.configuration.advance(revision);
      this.configuration.markLoaded();
      this.kinds.pingSources.start();
    });
    await this.queue.settled();
  }

  /** Applies every object again: after the engine came back, or a target moved. */
  async applyAll(): Promise<void> {
    for (const type of startOrder) {
      for (const entry of this.store.list(type)) this.queue.push(() => this.apply(entry));
    }
    await this.queue.settled();
  }

  /** Takes no more changes; resolves when the one in hand is done. */
  async stop(): Promise<void> {
    this.stopWatching?.();
    await this.queue.settled();
  }

  private async changed(change: Change): Promise<void> {
    try {
      const sameObject = change.kind === "MODIFIED" && change.before?.objectRevision === change.entry.objectRevision;
      if (!sameObject) await this.objectChanged(change);
      if (!sameObject || readiness(change.before) !== readiness(change.entry))
        await this.applyDependingOn(change.entry);
    } finally {
      this.configuration.advance(change.revision);
    }
  }

  private async objectChanged({ kind, entry, before }: Change): Promise<void> {
    const replaced = before !== undefined && before.uid !== entry.uid;
    if (kind === "DELETED") await this.remove(entry);
    else {
      if (replaced) await this.remove(before);
      await this.apply(entry);
    }
    await this.applyDependents(entry);
  }

  private async apply(entry: Entry): Promise<void> {
    const present = this.store.get(entry.id);
    if (present?.uid === entry.uid) await this.of(entry)?.apply(present);
  }

  private async remove(entry: Entry): Promise<void> {
    await this.of(entry)?.remove(entry);
  }

  private of({ id }: Entry): KindReconciler | undefined {
    const { brokers, services, triggers, pingSources } = this.kinds;
    switch (id.plural) {
      case types.broker.plural:
        return brokers;
      case types.service.plural:
        return services;
      case types.trigger.plural:
        return triggers;
      case types.pingSource.plural:
        return pingSources;
      default:
        return undefined;
    }
  }

  /** Triggers whose `knative.dev/dependency` names an object that came, went, or became ready or not. */
  private async applyDependingOn({ id }: Entry): Promise<void> {
    // Ten thousand triggers that come one by one must not look at each other; dependencies are sources, as in Knative.
    if (id.plural === types.trigger.plural) return;
    for (const each of this.store.list(types.trigger)) {
      const ref = dependencyOf(objectOf<TriggerObject>(each));
      const found = ref && lookUpKind(ref.apiVersion, ref.kind);
      if (found?.kind !== "found" || found.definition.plural !== id.plural) continue;
      if (ref?.name === id.name && (ref.namespace ?? each.id.namespace) === id.namespace) await this.apply(each);
    }
  }

  /** Triggers and sources that name a Broker or a Service that came, went or changed. */
  private async applyDependents({ id }: Entry): Promise<void> {
    if (id.plural !== types.broker.plural && id.plural !== types.service.plural) return;
    for (const each of this.store.list(types.trigger)) {
      if (this.triggerDependsOn(each, id)) await this.apply(each);
    }
    for (const each of this.store.list(types.pingSource)) {
      if (names(objectOf<PingSourceObject>(each).spec.sink, each.id.namespace, id)) await this.apply(each);
    }
  }

  private triggerDependsOn(entry: Entry, id: ObjectId): boolean {
    const { spec } = objectOf<TriggerObject>(entry);
    const { namespace } = entry.id;
    if (id.plural === types.broker.plural && id.namespace === namespace && id.name === spec.broker) return true;
    const broker = this.store.get({ ...types.broker, namespace, name: spec.broker });
    const shared = broker && objectOf<BrokerObject>(broker).spec.delivery?.deadLetterSink;
    return [spec.subscriber, spec.delivery?.deadLetterSink, shared].some((to) => names(to, namespace, id));
  }
}

function readiness(entry: Entry | undefined): boolean {
  return entry !== undefined && isReady(objectOf(entry).status?.conditions);
}

/** Whether a destination, written in a namespace, refers to the object. */
function names(destination: Destination | undefined, namespace: string, id: ObjectId): boolean {
  const ref = destination?.ref;
  const kind = id.plural === types.broker.plural ? "Broker" : "Service";
  return ref?.kind === kind && ref.name === id.name && (ref.namespace ?? namespace) === id.namespace;
}
