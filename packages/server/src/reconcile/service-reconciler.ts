import { messageOf } from "@rouse/base";
import { type ServiceObject, serviceKind } from "@rouse/resources";
import type { Activator, InstanceChange, Program } from "@rouse/serving-client";
import { environmentOf } from "../secrets/environment.ts";
import { secretProblem } from "../secrets/secret-problem.ts";
import type { SecretReader } from "../secrets/secret-reader.ts";
import type { Entry, ObjectId, Store } from "../store/port.ts";
import type { SinkBindings } from "./children/sink-bindings.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { objectOf, types } from "./objects.ts";
import { type Caller, reachingUs } from "./program-of.ts";
import type { KindReconciler } from "./reconciler.ts";
import { refersTo } from "./references.ts";
import { fails, holds, type StatusWriter } from "./status-writer.ts";
import { revisionNameOf, type ServiceSettings, workloadOf } from "./workload-of.ts";

export type { ServiceSettings } from "./workload-of.ts";

/** What SinkBindings give to Services. */
export type ServiceBindings = Pick<SinkBindings, "environmentOf" | "concern">;

/** Which programs some process of the installation can run. */
export interface HostsPort {
  canRun(
    program: Program,
  ): { readonly kind: "yes" } | { readonly kind: "no"; readonly reason: string; readonly message: string };
  /** Calls `listener` when the answers may have changed; returns the way to stop. */
  onChange(listener: () => void): () => void;
}

/** Why a Service is not as it should be: one CamelCase word, and a sentence. */
interface Wrong {
  readonly reason: string;
  readonly message: string;
}

/** What was applied last. */
interface Known {
  readonly form: string;
  readonly generation: number;
  readonly program: Program;
  /** Of the last instance, when it failed; `undefined` from when one is ready. */
  readonly failed: Wrong | undefined;
}

/** Keeps the serving client's workloads and the Services' conditions as the objects say. */
export class ServiceReconciler implements KindReconciler {
  readonly type = types.service;
  private readonly known = new Map<string, Known>();
  private readonly store: Store;
  private readonly activator: Activator;
  private readonly statuses: StatusWriter;
  private readonly settings: ServiceSettings;
  private readonly secrets: Pick<SecretReader, "textIfAny">;
  private readonly bindings: ServiceBindings | undefined;
  private readonly hosts: HostsPort | undefined;

  /** @param hosts without it, whatever a driver refuses is found out when it is started; listened to as long as it lives. */
  constructor(
    store: Store,
    activator: Activator,
    statuses: StatusWriter,
    settings: ServiceSettings,
    secrets: Pick<SecretReader, "textIfAny">,
    bindings?: ServiceBindings,
    hosts?: HostsPort,
  ) {
    this.store = store;
    this.activator = activator;
    this.statuses = statuses;
    this.settings = settings;
    this.secrets = secrets;
    this.bindings = bindings;
    this.hosts = hosts;
    hosts?.onChange(() => {
      for (const key of this.known.keys()) this.reportKnown(key);
    });
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    const service = objectOf<ServiceObject>(entry);
    return refersTo(service, entry.id.namespace, id) || this.bindings?.concern(service, id) === true;
  }

  async apply(entry: Entry): Promise<void> {
    const key = keyOf(entry);
    const service = objectOf<ServiceObject>(entry);
    let workload: ReturnType<typeof workloadOf>;
    try {
      workload = workloadOf(service, this.settings);
    } catch (failure) {
      // Stored by a version that read it otherwise.
      this.forget(key);
      this.report(entry, { reason: "WorkloadInvalid", message: messageOf(failure) });
      return;
    }
    if (workload === undefined) {
      this.forget(key);
      this.report(entry, { reason: "NothingToRun", message: "it names neither an image nor a command" });
      return;
    }
    let caller: Caller;
    try {
      caller = await this.callerOf(entry, service, workload.program);
    } catch (failure) {
      // Instances with a value that was taken back end; none starts with an empty one. Deliveries are held meanwhile.
      this.forget(key);
      this.report(entry, secretProblem(failure));
      return;
    }
    const { program } = caller;
    const form = fingerprintOf([workload, caller]);
    const before = this.known.get(key);
    if (before?.form === form) return;
    // A Secret that changed leaves the Service's revision as it is, and its instances are of an older generation all the same.
    const generation = Math.max(entry.objectRevision, (before?.generation ?? 0) + 1);
    this.known.set(key, { form, generation, program, failed: undefined });
    try {
      this.activator.apply({ ...workload, ...caller, generation });
      this.report(entry, this.wrongOf(key));
    } catch (failure) {
      this.report(entry, { reason: "WorkloadInvalid", message: messageOf(failure) });
    }
  }

  remove(entry: Entry): void {
    this.forget(keyOf(entry));
  }

  /** An instance became ready, or failed: the Service's conditions say so. */
  readonly noticed = (change: InstanceChange): void => {
    const { key, kind } = change;
    const known = this.known.get(key);
    if (known === undefined || (kind !== "ready" && kind !== "failed")) return;
    if (kind === "ready") {
      this.known.set(key, { ...known, failed: undefined });
      this.reportKnown(key, true);
      return;
    }
    const failure = this.activator.status(key)?.failure;
    // One of several has ended after it had served: the Service goes on.
    if (failure === undefined && this.serves(key)) return;
    const reason = change.reason ?? failure?.reason ?? "InstanceFailed";
    this.known.set(key, { ...known, failed: { reason, message: change.message } });
    this.reportKnown(key);
  };

  /** Program and environment, with the sink that a binding gives, so that the program reaches it. */
  private async callerOf(entry: Entry, service: ServiceObject, program: Program): Promise<Caller> {
    const container = service.spec.template?.spec?.containers?.[0];
    const declared = await environmentOf(container?.env, entry.id.namespace, this.secrets);
    const bound = this.bindings?.environmentOf(service);
    const { platform = process.platform } = this.settings;
    const reached = reachingUs({ program, env: { ...bound } }, platform);
    return { program: reached.program, env: { ...declared, ...reached.env } };
  }

  private forget(key: string): void {
    if (this.known.delete(key)) this.activator.remove(key);
  }

  private wrongOf(key: string): Wrong | undefined {
    const known = this.known.get(key);
    const able = known && this.hosts?.canRun(known.program);
    return able?.kind === "no" ? { reason: able.reason, message: able.message } : known?.failed;
  }

  /** Whether requests are answered, if by instances of an older form. */
  private serves(key: string): boolean {
    const instances = this.activator.status(key)?.instances;
    return instances !== undefined && instances.ready + instances.frozen > 0;
  }

  private reportKnown(key: string, proven = false): void {
    const [namespace = "", name = ""] = key.split("/");
    const entry = this.store.get({ ...types.service, namespace, name });
    if (entry) this.report(entry, this.wrongOf(key), proven);
  }

  /** @param proven an instance of the present form is ready. */
  private report(entry: Entry, wrong: Wrong | undefined, proven = false): void {
    const url = `http://${entry.id.name}.${entry.id.namespace}.svc.rouse.internal`;
    const revision = revisionNameOf(objectOf<ServiceObject>(entry));
    const [configurations, routes] = ["ConfigurationsReady", "RoutesReady"] as const;
    const failed = (type: string) => (wrong ? fails(type, wrong.reason, wrong.message) : holds(type));
    this.statuses.report(entry, {
      conditionSet: serviceKind.conditions,
      conditions: [failed(configurations), this.serves(keyOf(entry)) ? holds(routes) : failed(routes)],
      fields: {
        url,
        address: { url },
        latestCreatedRevisionName: revision,
        ...(proven && { latestReadyRevisionName: revision }),
      },
    });
  }
}

function keyOf({ id }: Entry): string {
  return `${id.namespace}/${id.name}`;
}
