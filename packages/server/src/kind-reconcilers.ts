import type { InstanceChange, Keeper, TrafficActivator } from "@rouse/serving-client";
import { BrokerReconciler } from "./reconcile/broker-reconciler.ts";
import { ChildSinks } from "./reconcile/children/child-sinks.ts";
import { ContainerSourceReconciler } from "./reconcile/children/container-source-reconciler.ts";
import { SinkBindingReconciler } from "./reconcile/children/sink-binding-reconciler.ts";
import { SinkBindings } from "./reconcile/children/sink-bindings.ts";
import { DestinationResolver } from "./reconcile/destination-resolver.ts";
import type { Objects } from "./reconcile/objects.ts";
import type { KindReconciler } from "./reconcile/reconciler.ts";
import { RevisionStore } from "./reconcile/revisions/revision-store.ts";
import { type HostsPort, ServiceReconciler, type ServiceSettings } from "./reconcile/service-reconciler.ts";
import { type TriggerPorts, TriggerReconciler } from "./reconcile/trigger-reconciler.ts";
import { createSourceHosts, type SourceHostsPorts } from "./source-hosts.ts";
import type { Store } from "./store/port.ts";

/** What keeping the objects of every kind running takes. */
export interface KindReconcilersPorts extends Omit<SourceHostsPorts, "resolver"> {
  readonly activator: TrafficActivator;
  readonly hosts?: HostsPort;
  readonly keeper: Keeper;
  readonly objects: Objects;
  readonly store: Store;
  readonly urls: TriggerPorts["urls"];
  readonly settings: ServiceSettings;
}

/** The reconcilers of all kinds, in the order in which their objects are applied at start. */
export function createKindReconcilers(given: KindReconcilersPorts) {
  const { activator, addresses, brokers, keeper, objects, settings, statuses } = given;
  const resolver = new DestinationResolver(objects, addresses);
  const ports = { ...given, resolver };
  const hosts = createSourceHosts(ports);
  const childSinks = new ChildSinks(ports);
  const bindings = new SinkBindings(objects, childSinks);
  const services = new ServiceReconciler({
    ...ports,
    activator,
    settings,
    bindings,
    hosts: given.hosts,
    revisions: new RevisionStore(given),
  });
  const containers = new ContainerSourceReconciler({ ...ports, sinks: childSinks });
  const triggers = new TriggerReconciler(ports);
  const kinds: readonly KindReconciler[] = [
    new BrokerReconciler(brokers, statuses, addresses),
    ...hosts.sinks,
    services,
    triggers,
    new SinkBindingReconciler({ ...ports, bindings, sinks: childSinks }),
    containers,
    ...hosts.sources,
  ];
  keeper.onChange(containers.noticed);
  const noticed = (change: InstanceChange) => {
    services.noticed(change);
    triggers.noticed(change);
  };
  return { childSinks, hosts, kinds, noticed, services };
}
