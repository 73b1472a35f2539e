import type { Clock } from "@rouse/base";
import { revisionKind, type ServiceObject } from "@rouse/resources";
import type { InstanceChange, Program, TrafficActivator } from "@rouse/serving-client";
import { isSecret } from "../secrets/vault.ts";
import type { Entry, ObjectId, Store } from "../store/port.ts";
import { objectOf, types } from "./objects.ts";
import type { KindReconciler } from "./reconciler.ts";
import { refersTo } from "./references.ts";
import { formOfRevision, revisionId, revisionKeptMax, revisionType, serviceAt } from "./revisions/revision-form.ts";
import type { RevisionStore } from "./revisions/revision-store.ts";
import { RevisionWorkloads, type RevisionWorkloadsPorts, type Wrong } from "./revisions/revision-workloads.ts";
import { Takeover } from "./revisions/takeover.ts";
import { obsolete } from "./revisions/traffic-plan.ts";
import { serviceReport } from "./service-status.ts";
import { fails, holds, type StatusWriter } from "./status-writer.ts";

export type { ServiceSettings } from "./workload-of.ts";

/** Which programs some process of the installation can run. */
export interface HostsPort {
  canRun(
    program: Program,
  ): { readonly kind: "yes" } | { readonly kind: "no"; readonly reason: string; readonly message: string };
  /** Calls `listener` when the answers may have changed; returns the way to stop. */
  onChange(listener: () => void): () => void;
}

/** What reconciling Services needs. */
export interface ServicePorts extends Omit<RevisionWorkloadsPorts, "activator"> {
  readonly store: Store;
  readonly clock: Clock;
  readonly activator: TrafficActivator;
  readonly statuses: StatusWriter;
  readonly revisions: Pick<RevisionStore, "present" | "remove" | "removeAll">;
  /** Without it, whatever a driver refuses is found out when it is started; listened to as long as it lives. */
  readonly hosts?: HostsPort | undefined;
}

/** Keeps the workloads of Services' revisions, the way to them, and the Services' conditions as the objects say. */
export class ServiceReconciler implements KindReconciler {
  readonly type = types.service;
  private readonly ports: ServicePorts;
  private readonly workloads: RevisionWorkloads;
  private readonly takeover: Takeover;

  constructor(ports: ServicePorts) {
    this.ports = ports;
    this.workloads = new RevisionWorkloads(ports);
    this.takeover = new Takeover(ports, this.workloads);
    ports.hosts?.onChange(() => {
      for (const key of this.takeover.keys()) this.reportKnown(key);
    });
    // Other processes try a revision at the same time, and this one may have no place for it.
    ports.store.watch(types.service, ({ entry, kind }) => {
      const told = kind === "DELETED" ? undefined : objectOf<ServiceObject>(entry).status?.latestReadyRevisionName;
      if (told !== undefined && this.takeover.proven(keyOf(entry), told)) this.report(entry);
    });
  }

  /** What is run for a service or for one of its revisions; undefined while that is not known. */
  programOf(key: string): Program | undefined {
    const [namespace, name, revision] = key.split("/");
    const service = `${namespace}/${name}`;
    const of = revision ?? this.takeover.get(service)?.plan.shares[0]?.revision;
    return this.workloads.get(`${service}/${of}`)?.program;
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    const service = objectOf<ServiceObject>(entry);
    if (refersTo(service, entry.id.namespace, id) || this.ports.bindings?.concern(service, id) === true) return true;
    if (isSecret(id) && this.olderRefersTo(entry, service, id)) return true;
    // A revision that traffic names came or went by hand.
    if (id.plural !== revisionType.plural || id.group !== revisionType.group) return false;
    const named = service.spec.traffic?.some(({ revisionName }) => revisionName === id.name);
    return id.namespace === entry.id.namespace && named === true;
  }

  /** Whether a revision that gets calls, and is not of the present template, names the Secret. */
  private olderRefersTo(entry: Entry, service: ServiceObject, id: ObjectId): boolean {
    for (const { revision } of this.takeover.get(keyOf(entry))?.plan.shares ?? []) {
      const stored = this.ports.store.get(revisionId(entry.id, revision));
      if (stored && refersTo(serviceAt(formOfRevision(stored), service), entry.id.namespace, id)) return true;
    }
    return false;
  }

  async apply(entry: Entry): Promise<void> {
    const { revisions } = this.ports;
    const key = keyOf(entry);
    const service = objectOf<ServiceObject>(entry);
    const { name: latestCreated, stored } = await revisions.present(entry, service);
    const names = [...new Set([...stored.map(({ id }) => id.name), latestCreated])];
    // Of this process, which knows it first, else as it was written down, by whichever process.
    const told = service.status?.latestReadyRevisionName;
    const latestReady = told === latestCreated ? told : (this.takeover.get(key)?.facts.latestReady ?? told);
    const facts = { traffic: service.spec.traffic, revisions: names, latestCreated, latestReady };
    const failing = this.takeover.get(key)?.plan.shares.some(({ revision }) => this.wrongOf(`${key}/${revision}`));
    const plan = this.takeover.plan(key, facts);
    const called = new Set(plan.shares.map(({ revision }) => revision));
    if (plan.candidate !== undefined) called.add(plan.candidate);
    for (const name of called) {
      const revision = name === latestCreated ? undefined : stored.find(({ id }) => id.name === name);
      await this.workloads.apply(entry, name, revision ? serviceAt(formOfRevision(revision), service) : service);
    }
    this.takeover.lead(key);
    this.workloads.keepOnly(key, called);
    this.takeover.tryOut(key, plan.candidate);
    // Events are held until the back-off of what failed is over: what replaces it is started now, and they come when it is ready.
    if (failing && plan.shares.some(({ revision }) => this.wrongOf(`${key}/${revision}`) === undefined)) {
      this.ports.activator.wake(key);
    }
    this.report(entry);
    await revisions.remove(entry, obsolete(facts, plan, revisionKeptMax));
  }

  async remove(entry: Entry): Promise<void> {
    const key = keyOf(entry);
    this.takeover.forget(key);
    this.workloads.keepOnly(key, new Set());
    await this.ports.revisions.removeAll(entry);
  }

  /** An instance became ready, or failed: the Service's conditions say so, and a revision that was ready takes over. */
  readonly noticed = (change: InstanceChange): void => {
    const { key, kind, revision } = change;
    if (this.takeover.get(key) === undefined || revision === undefined || (kind !== "ready" && kind !== "failed"))
      return;
    const workload = `${key}/${revision}`;
    if (kind === "ready") {
      this.mark(workload, undefined);
      this.takeover.proven(key, revision);
      this.reportKnown(key);
      return;
    }
    const status = this.ports.activator.revision(workload);
    // One of several has ended after it had served: the Service goes on.
    if (status?.failure === undefined && serves(status)) return;
    const reason = change.reason ?? status?.failure?.reason ?? "InstanceFailed";
    this.mark(workload, { reason, message: change.message });
    this.reportKnown(key);
  };

  /** Remembers what became of the last instance of a revision; the Revision tells it. */
  private mark(workload: string, wrong: Wrong | undefined): void {
    this.workloads.mark(workload, wrong);
    const [namespace = "", , name = ""] = workload.split("/");
    const revision = this.ports.store.get({ ...revisionType, namespace, name });
    if (revision === undefined) return;
    const { conditions: conditionSet } = revisionKind;
    const conditions = conditionSet.dependents.map((type) =>
      wrong ? fails(type, wrong.reason, wrong.message) : holds(type),
    );
    this.ports.statuses.report(revision, { conditionSet, conditions, fields: {} });
  }

  private reportKnown(key: string): void {
    const [namespace = "", name = ""] = key.split("/");
    const entry = this.ports.store.get({ ...types.service, namespace, name });
    if (entry) this.report(entry);
  }

  private wrongOf(workload: string): Wrong | undefined {
    const running = this.workloads.get(workload);
    const able = running?.program && this.ports.hosts?.canRun(running.program);
    return able?.kind === "no" ? { reason: able.reason, message: able.message } : running?.wrong;
  }

  private report(entry: Entry): void {
    const key = keyOf(entry);
    const known = this.takeover.get(key);
    if (known === undefined) return;
    const serving = serves(this.ports.activator.status(key));
    const wrongOf = (revision: string) => this.wrongOf(`${key}/${revision}`);
    this.ports.statuses.report(entry, serviceReport(entry.id, { ...known, serving, wrongOf }));
  }
}

function serves(status: ReturnType<TrafficActivator["status"]>): boolean {
  return status !== undefined && status.instances.ready + status.instances.frozen > 0;
}

function keyOf({ id }: Entry): string {
  return `${id.namespace}/${id.name}`;
}
