import type { Clock, Timer } from "@rouse/base";
import { revisionKind, type ServiceObject } from "@rouse/resources";
import type { InstanceChange, Program, TrafficActivator, TrafficShare } from "@rouse/serving-client";
import { isSecret } from "../secrets/vault.ts";
import type { Entry, ObjectId, Store } from "../store/port.ts";
import { objectOf, types } from "./objects.ts";
import type { KindReconciler } from "./reconciler.ts";
import { refersTo } from "./references.ts";
import { formOfRevision, revisionId, revisionKeptMax, revisionType, serviceAt } from "./revisions/revision-form.ts";
import { RevisionWorkloads, type RevisionWorkloadsPorts, type Wrong } from "./revisions/revision-workloads.ts";
import type { Revisions } from "./revisions/revisions.ts";
import { obsolete, planTraffic, type TrafficFacts, type TrafficPlan } from "./revisions/traffic-plan.ts";
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
  readonly revisions: Pick<Revisions, "of" | "present" | "remove" | "removeAll">;
  /** Without it, whatever a driver refuses is found out when it is started; listened to as long as it lives. */
  readonly hosts?: HostsPort | undefined;
}

/** Where the calls of a Service go at present. */
interface Known {
  readonly facts: TrafficFacts;
  readonly plan: TrafficPlan;
}

/** A revision that is to take over is tried again after this. */
const candidateRetryMs = 30_000;

/** Keeps the workloads of Services' revisions, the way to them, and the Services' conditions as the objects say. */
export class ServiceReconciler implements KindReconciler {
  readonly type = types.service;
  private readonly ports: ServicePorts;
  private readonly workloads: RevisionWorkloads;
  private readonly known = new Map<string, Known>();
  private readonly retries = new Map<string, Timer>();

  constructor(ports: ServicePorts) {
    this.ports = ports;
    this.workloads = new RevisionWorkloads(ports);
    ports.hosts?.onChange(() => {
      for (const key of this.known.keys()) this.reportKnown(key);
    });
    // Other processes try a revision at the same time, and this one may have no place for it.
    ports.store.watch(types.service, ({ entry, kind }) => {
      if (kind !== "DELETED") this.provenElsewhere(entry);
    });
  }

  /** What is run for a service or for one of its revisions; undefined while that is not known. */
  programOf(key: string): Program | undefined {
    const [namespace, name, revision] = key.split("/");
    const service = `${namespace}/${name}`;
    const of = revision ?? this.known.get(service)?.plan.shares[0]?.revision;
    return this.workloads.get(`${service}/${of}`)?.program;
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    const service = objectOf<ServiceObject>(entry);
    if (refersTo(service, entry.id.namespace, id) || this.ports.bindings?.concern(service, id) === true) return true;
    if (isSecret(id) && this.olderRefersTo(entry, service, id)) return true;
    // A revision that traffic names came or went by hand.
    const names = service.spec.traffic?.map(({ revisionName }) => revisionName);
    const isRevision = id.group === revisionId(id, "").group && id.plural === revisionId(id, "").plural;
    return isRevision && id.namespace === entry.id.namespace && names?.includes(id.name) === true;
  }

  /** Whether a revision that gets calls, and is not of the present template, names the Secret. */
  private olderRefersTo(entry: Entry, service: ServiceObject, id: ObjectId): boolean {
    for (const { revision } of this.known.get(keyOf(entry))?.plan.shares ?? []) {
      const stored = this.ports.store.get(revisionId(entry.id, revision));
      if (stored && refersTo(serviceAt(formOfRevision(stored), service), entry.id.namespace, id)) return true;
    }
    return false;
  }

  async apply(entry: Entry): Promise<void> {
    const { revisions } = this.ports;
    const key = keyOf(entry);
    const service = objectOf<ServiceObject>(entry);
    const latestCreated = await revisions.present(entry, service);
    const stored = revisions.of(entry);
    const names = [...new Set([...stored.map(({ id }) => id.name), latestCreated])];
    // Of this process, which knows it first, else as it was written down, by whichever process.
    const told = service.status?.latestReadyRevisionName;
    const latestReady = told === latestCreated ? told : (this.known.get(key)?.facts.latestReady ?? told);
    const facts = { traffic: service.spec.traffic, revisions: names, latestCreated, latestReady };
    const plan = planTraffic(facts);
    this.known.set(key, { facts, plan });
    const called = new Set(plan.shares.map(({ revision }) => revision));
    if (plan.candidate !== undefined) called.add(plan.candidate);
    for (const name of called) {
      const revision = name === latestCreated ? undefined : stored.find(({ id }) => id.name === name);
      await this.workloads.apply(entry, name, revision ? serviceAt(formOfRevision(revision), service) : service);
    }
    this.lead(key);
    for (const each of this.workloads.keysOf(key)) {
      if (!called.has(this.workloads.get(each)?.revision ?? "")) this.workloads.remove(each);
    }
    if (plan.candidate !== undefined) this.tryOut(key, `${key}/${plan.candidate}`);
    else this.cancelRetry(key);
    this.report(entry);
    await revisions.remove(entry, obsolete(facts, plan, revisionKeptMax));
  }

  async remove(entry: Entry): Promise<void> {
    const key = keyOf(entry);
    this.known.delete(key);
    this.cancelRetry(key);
    this.ports.activator.route(key, []);
    for (const each of this.workloads.keysOf(key)) this.workloads.remove(each);
    await this.ports.revisions.removeAll(entry);
  }

  /** An instance became ready, or failed: the Service's conditions say so, and a revision that was ready takes over. */
  readonly noticed = (change: InstanceChange): void => {
    const { key, kind, revision } = change;
    const known = this.known.get(key);
    if (known === undefined || revision === undefined || (kind !== "ready" && kind !== "failed")) return;
    const workload = `${key}/${revision}`;
    if (kind === "ready") {
      this.mark(workload, undefined);
      if (revision === known.facts.latestCreated) this.proven(key, known, revision);
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

  /** The newest revision was ready: calls that follow the latest go to it, and the one before drains. */
  private proven(key: string, { facts, plan }: Known, revision: string): void {
    if (facts.latestReady === revision) return;
    const next = { ...facts, latestReady: revision };
    this.known.set(key, { facts: next, plan: planTraffic(next) });
    if (plan.candidate !== revision) return;
    this.cancelRetry(key);
    this.lead(key);
    const used = new Set(this.known.get(key)?.plan.shares.map((share) => share.revision));
    for (const each of this.workloads.keysOf(key)) {
      if (!used.has(this.workloads.get(each)?.revision ?? "")) this.workloads.remove(each);
    }
  }

  private provenElsewhere(entry: Entry): void {
    const key = keyOf(entry);
    const known = this.known.get(key);
    const told = objectOf<ServiceObject>(entry).status?.latestReadyRevisionName;
    if (known === undefined || told !== known.facts.latestCreated || told === known.facts.latestReady) return;
    this.proven(key, known, told);
    this.report(entry);
  }

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

  private lead(key: string): void {
    const { shares = [], candidate } = this.known.get(key)?.plan ?? {};
    const led: TrafficShare[] = shares.map(({ revision, percent, tag }) => ({
      key: `${key}/${revision}`,
      percent,
      tag,
    }));
    // What happens to one that is only tried is told of the service, too.
    if (candidate !== undefined) led.push({ key: `${key}/${candidate}`, percent: 0 });
    this.ports.activator.route(key, led);
  }

  /** Has an instance of the revision that is to take over started, again and again: not every try is told to have failed. */
  private tryOut(key: string, workload: string): void {
    const { activator, clock } = this.ports;
    this.cancelRetry(key);
    activator.wake(workload);
    if (activator.revision(workload) === undefined) return;
    this.retries.set(
      key,
      clock.setTimer(candidateRetryMs, () => this.tryOut(key, workload)),
    );
  }

  private cancelRetry(key: string): void {
    this.retries.get(key)?.cancel();
    this.retries.delete(key);
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
    const known = this.known.get(key);
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
