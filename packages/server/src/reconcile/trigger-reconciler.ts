import {
  type ConditionChange,
  effectiveDelivery,
  findCondition,
  isReady,
  knativeAnnotations,
  lookUpKind,
  type ObjectReference,
  readAnnotation,
  rouseAnnotations,
  type TriggerObject,
  triggerKind,
} from "@rouse/resources";
import type { Activator, InstanceChange, ServiceFailure } from "@rouse/serving-client";
import { parseFilter, type Subscription, targetKey } from "@rouse/triggers";
import { inFlightMax } from "../capacity.ts";
import { type HeadersFrom, headersFrom, withHeaders } from "../secrets/headers-from.ts";
import type { SecretReader } from "../secrets/secret-reader.ts";
import type { Entry, ObjectId } from "../store/port.ts";
import type { DestinationResolver, Resolved } from "./destination-resolver.ts";
import { type Objects, objectOf, types } from "./objects.ts";
import type { OpenBrokers } from "./open-brokers.ts";
import type { KindReconciler } from "./reconciler.ts";
import { leadsTo, refersTo } from "./references.ts";
import { fails, holds, type StatusWriter } from "./status-writer.ts";

/** What reconciling Triggers needs. */
export interface TriggerPorts {
  readonly objects: Objects;
  readonly brokers: OpenBrokers;
  readonly resolver: DestinationResolver;
  readonly statuses: StatusWriter;
  readonly secrets: Pick<SecretReader, "all">;
  readonly urls: { setLimit(key: string, maxInFlight: number | undefined): void };
  /** Told of a target key whose deliveries may go on: a trigger that was held or paused is not any more. */
  readonly changed: (target: string) => void;
  /** Knows why a service cannot be started; without it Triggers do not tell. */
  readonly activator?: Pick<Activator, "status">;
}

/** Of a Trigger's subscriber, in words of Kubernetes: it changes nothing about Ready, which is about the Trigger itself. */
const subscriberReady = "SubscriberReady";

/** A Trigger whose subscriber is a service. */
interface Subscribed {
  readonly key: string;
  /** The failure of the service that its conditions tell. */
  told: ServiceFailure | undefined;
  /** Reports the Trigger's conditions anew. */
  readonly report: () => void;
}

/** Keeps the matchers and the Triggers' conditions as the objects say. */
export class TriggerReconciler implements KindReconciler {
  readonly type = types.trigger;
  private readonly ports: TriggerPorts;
  /** By uid. */
  private readonly subscribed = new Map<string, Subscribed>();

  constructor(ports: TriggerPorts) {
    this.ports = ports;
  }

  async apply(entry: Entry): Promise<void> {
    const { brokers, changed, objects, resolver, secrets, urls } = this.ports;
    const trigger = objectOf<TriggerObject>(entry);
    const { namespace } = entry.id;
    const headers = await headersFrom(trigger, secrets);
    const subscriber = withHeaders(resolver.resolve(trigger.spec.subscriber, namespace), headers);
    const broker = objects.broker(namespace, trigger.spec.broker);
    const delivery = effectiveDelivery(trigger, broker);
    const sink = delivery.deadLetterSink && resolver.resolve(delivery.deadLetterSink, namespace);
    const parsed = parseFilter(trigger.spec);
    if (parsed.kind === "filter") {
      const { deadLetterSink: _sink, ...policy } = delivery;
      const subscription: Subscription = {
        uid: entry.uid,
        namespace,
        broker: trigger.spec.broker,
        name: entry.id.name,
        generation: trigger.metadata.generation ?? 1,
        fromSequence: trigger.status?.fromSequence ?? 0,
        paused: readAnnotation(trigger, rouseAnnotations.paused),
        filter: parsed.filter,
        subscriber: subscriber.target,
        deadLetterSink: sink?.target,
        policy,
        breaker: readAnnotation(trigger, rouseAnnotations.breaker)
          ? { holdMaxMs: readAnnotation(trigger, rouseAnnotations.holdMax) }
          : undefined,
        maxInFlight: inFlightMax(subscriber.target, declaredMaxInFlight(trigger)),
        discardReplies: false,
        headers: headers.kind === "headers" ? headers.headers : undefined,
      };
      const target = targetKey(subscriber.target);
      if (subscriber.target.kind === "url") urls.setLimit(target, subscription.maxInFlight);
      brokers.matcher(namespace, trigger.spec.broker).put(subscription);
      changed(target);
    }
    const report = () => this.report(entry, trigger, broker !== undefined, headers, subscriber, sink);
    const { target } = subscriber;
    if (target.kind === "service") {
      const key = `${target.namespace}/${target.name}`;
      this.subscribed.set(entry.uid, { key, told: this.failureOf(key), report });
    } else this.subscribed.delete(entry.uid);
    report();
  }

  /** A service may have begun or ceased to fail: the Triggers that post to it say so. */
  readonly noticed = ({ key, kind }: Pick<InstanceChange, "key" | "kind">): void => {
    if (kind !== "ready" && kind !== "failed") return;
    const failure = this.failureOf(key);
    for (const each of this.subscribed.values()) {
      if (each.key !== key) continue;
      if (each.told?.reason === failure?.reason && each.told?.message === failure?.message) continue;
      each.told = failure;
      each.report();
    }
  };

  remove(entry: Entry): void {
    const trigger = objectOf<TriggerObject>(entry);
    this.subscribed.delete(entry.uid);
    this.ports.brokers.matcher(entry.id.namespace, trigger.spec.broker).remove(entry.uid);
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    const trigger = objectOf<TriggerObject>(entry);
    const { namespace } = entry.id;
    const isBroker = id.group === types.broker.group && id.plural === types.broker.plural;
    if (isBroker && id.namespace === namespace && id.name === trigger.spec.broker) return true;
    const shared = this.ports.objects.broker(namespace, trigger.spec.broker)?.spec.delivery?.deadLetterSink;
    return refersTo(trigger, namespace, id) || leadsTo(shared, namespace, id);
  }

  /** `knative.dev/dependency` names an object that must be ready. */
  dependsOnReadiness(entry: Entry, id: ObjectId): boolean {
    const ref = dependencyOf(objectOf<TriggerObject>(entry));
    if (ref?.name !== id.name || (ref.namespace ?? entry.id.namespace) !== id.namespace) return false;
    const found = lookUpKind(ref.apiVersion, ref.kind);
    return found.kind === "found" && found.definition.group === id.group && found.definition.plural === id.plural;
  }

  private dependency(trigger: TriggerObject, namespace: string): ConditionChange {
    const ref = dependencyOf(trigger);
    if (ref === undefined) return holds("DependencyReady");
    const object = this.ports.objects.referred(ref, namespace);
    const what = `${ref.kind} ${ref.namespace ?? namespace}/${ref.name}`;
    if (object === undefined) return fails("DependencyReady", "DependencyNotFound", `${what} does not exist`);
    if (isReady(object.status?.conditions)) return holds("DependencyReady");
    return fails("DependencyReady", "DependencyNotReady", `${what} is not ready`);
  }

  private failureOf(service: string): ServiceFailure | undefined {
    return this.ports.activator?.status(service)?.failure;
  }

  private subscriber(entry: Entry, to: Resolved): readonly ConditionChange[] {
    const { target } = to;
    if (target.kind !== "service") {
      // A condition cannot be taken back; one that a service left behind must not go on failing.
      const left = findCondition(objectOf<TriggerObject>(entry).status?.conditions ?? [], subscriberReady);
      return left ? [{ type: subscriberReady, status: "True", severity: "Info", reason: "SubscriberIsNoService" }] : [];
    }
    if (!this.ports.activator) return [];
    const failure = this.failureOf(`${target.namespace}/${target.name}`);
    if (!failure) return [{ type: subscriberReady, status: "True", severity: "Info" }];
    const message = `service ${target.namespace}/${target.name} cannot be started: ${failure.message}`;
    return [{ type: subscriberReady, status: "False", severity: "Warning", reason: failure.reason, message }];
  }

  private report(
    entry: Entry,
    trigger: TriggerObject,
    brokerThere: boolean,
    headers: HeadersFrom,
    to: Resolved,
    sink?: Resolved,
  ): void {
    const broker = `broker ${entry.id.namespace}/${trigger.spec.broker}`;
    const conditions: ConditionChange[] = [
      ...triggerKind.conditions.dependents.map(holds),
      brokerThere ? holds("BrokerReady") : fails("BrokerReady", "BrokerNotFound", `${broker} does not exist`),
      this.dependency(trigger, entry.id.namespace),
      resolution("SubscriberResolved", headers.kind === "refused" ? headers.reason : "SubscriberNotFound", to),
      sink === undefined
        ? {
            type: "DeadLetterSinkResolved",
            status: "True",
            reason: "DeadLetterSinkNotConfigured",
            message: "no dead-letter sink is declared",
          }
        : resolution("DeadLetterSinkResolved", "DeadLetterSinkNotFound", sink),
      ...this.subscriber(entry, to),
    ];
    this.ports.statuses.report(entry, {
      conditionSet: triggerKind.conditions,
      conditions: lastOfEach(conditions),
      fields: { subscriberUri: to.uri, deadLetterSinkUri: sink?.uri },
    });
  }
}

/** The object that `knative.dev/dependency` names, if there is such an annotation. */
function dependencyOf(trigger: TriggerObject): ObjectReference | undefined {
  return readAnnotation(trigger, knativeAnnotations.dependency);
}

/** Undefined when the Trigger says nothing: then it depends on the subscriber. */
function declaredMaxInFlight(trigger: TriggerObject): number | undefined {
  const { maxInFlight } = rouseAnnotations;
  return trigger.metadata.annotations?.[maxInFlight.name] === undefined
    ? undefined
    : readAnnotation(trigger, maxInFlight);
}

function resolution(type: string, reason: string, resolved: Resolved): ConditionChange {
  return resolved.target.kind === "unresolved" ? fails(type, reason, resolved.target.reason) : holds(type);
}

/** Later changes of a type stand; earlier ones would only touch the transition time. */
function lastOfEach(changes: readonly ConditionChange[]): ConditionChange[] {
  return [...new Map(changes.map((change) => [change.type, change])).values()];
}
