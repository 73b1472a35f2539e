import { resolve } from "node:path";
import { messageOf } from "@rouse/base";
import {
  knativeAnnotations,
  readAnnotation,
  rouseAnnotations,
  type ServiceObject,
  serviceKind,
} from "@rouse/resources";
import type { Activator, InstanceChange, Workload } from "@rouse/serving-client";
import { environmentOf } from "../secrets/environment.ts";
import { secretProblem } from "../secrets/secret-problem.ts";
import type { SecretReader } from "../secrets/secret-reader.ts";
import type { Entry, ObjectId, Store } from "../store/port.ts";
import type { SinkBindings } from "./children/sink-bindings.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { objectOf, types } from "./objects.ts";
import type { KindReconciler } from "./reconciler.ts";
import { refersTo } from "./references.ts";
import { fails, holds, type StatusWriter } from "./status-writer.ts";

/** What SinkBindings give to Services. */
export type ServiceBindings = Pick<SinkBindings, "environmentOf" | "concern">;

/** What turning a Service into a workload depends on beside the object. */
export interface ServiceSettings {
  readonly workdirBase: string;
  readonly watch: boolean;
  /** SIGTERM to SIGKILL, milliseconds. */
  readonly graceMs: number;
}

/** The workload of a Service, all but generation and environment; undefined when it names no local command. */
export function workloadOf(
  service: ServiceObject,
  settings: ServiceSettings,
): Omit<Workload, "generation" | "env"> | undefined {
  const command = readAnnotation(service, rouseAnnotations.command);
  if (command === undefined) return undefined;
  const { namespace, name } = service.metadata;
  const template = service.spec.template?.spec;
  const target = readAnnotation(service, knativeAnnotations.target);
  const concurrency = template?.containerConcurrency || (target === undefined ? 0 : Math.ceil(target));
  return {
    key: `${namespace}/${name}`,
    program: {
      kind: "process",
      command,
      workdir: resolve(settings.workdirBase, readAnnotation(service, rouseAnnotations.workdir) ?? "."),
    },
    serviceName: name,
    revisionName: `${name}-${String(service.metadata.generation ?? 1).padStart(5, "0")}`,
    concurrency,
    minScale: readAnnotation(service, knativeAnnotations.minScale),
    maxScale: readAnnotation(service, knativeAnnotations.maxScale),
    idleMs:
      readAnnotation(service, rouseAnnotations.idleTimeout) + readAnnotation(service, knativeAnnotations.retention),
    freezeMs: undefined,
    lifetimeMs: undefined,
    utilization: undefined,
    target: undefined,
    windowMs: 60_000,
    scaleDownDelayMs: 0,
    startTimeoutMs: readAnnotation(service, rouseAnnotations.startTimeout),
    requestTimeoutMs: (template?.timeoutSeconds ?? 300) * 1_000,
    graceMs: settings.graceMs,
    watch: settings.watch,
  };
}

/** Keeps the serving client's workloads and the Services' conditions as the objects say. */
export class ServiceReconciler implements KindReconciler {
  readonly type = types.service;
  private readonly known = new Map<string, { readonly form: string; readonly generation: number }>();
  private readonly store: Store;
  private readonly activator: Activator;
  private readonly statuses: StatusWriter;
  private readonly settings: ServiceSettings;
  private readonly secrets: Pick<SecretReader, "textIfAny">;
  private readonly bindings: ServiceBindings | undefined;

  constructor(
    store: Store,
    activator: Activator,
    statuses: StatusWriter,
    settings: ServiceSettings,
    secrets: Pick<SecretReader, "textIfAny">,
    bindings?: ServiceBindings,
  ) {
    this.store = store;
    this.activator = activator;
    this.statuses = statuses;
    this.settings = settings;
    this.secrets = secrets;
    this.bindings = bindings;
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    const service = objectOf<ServiceObject>(entry);
    return refersTo(service, entry.id.namespace, id) || this.bindings?.concern(service, id) === true;
  }

  async apply(entry: Entry): Promise<void> {
    const key = `${entry.id.namespace}/${entry.id.name}`;
    const service = objectOf<ServiceObject>(entry);
    const workload = workloadOf(service, this.settings);
    if (workload === undefined) {
      this.forget(key);
      const message =
        "containers cannot be run by this version; set the annotation rouse.dev/command to a local command";
      this.report(entry, "ContainersNotSupported", message);
      return;
    }
    let env: Workload["env"];
    try {
      const container = service.spec.template?.spec?.containers?.[0];
      const declared = await environmentOf(container?.env, entry.id.namespace, this.secrets);
      env = { ...declared, ...this.bindings?.environmentOf(service) };
    } catch (failure) {
      const { reason, message } = secretProblem(failure);
      // Instances with a value that was taken back end; none starts with an empty one. Deliveries are held meanwhile.
      this.forget(key);
      this.report(entry, reason, message);
      return;
    }
    const form = fingerprintOf([workload, env]);
    const before = this.known.get(key);
    if (before?.form === form) return;
    // A Secret that changed leaves the Service's revision as it is, and its instances are of an older generation all the same.
    const generation = Math.max(entry.objectRevision, (before?.generation ?? 0) + 1);
    this.known.set(key, { form, generation });
    try {
      this.activator.apply({ ...workload, env, generation });
      this.report(entry);
    } catch (failure) {
      this.report(entry, "WorkloadInvalid", messageOf(failure));
    }
  }

  remove(entry: Entry): void {
    this.forget(`${entry.id.namespace}/${entry.id.name}`);
  }

  /** An instance started, or failed to: the Service's conditions say so. */
  readonly noticed = (change: InstanceChange): void => {
    if (change.kind !== "ready" && change.kind !== "failed") return;
    const [namespace = "", name = ""] = change.key.split("/");
    const entry = this.store.get({ ...types.service, namespace, name });
    if (!entry) return;
    if (change.kind === "ready") this.report(entry);
    else this.report(entry, "InstanceFailed", change.message);
  };

  private forget(key: string): void {
    if (this.known.delete(key)) this.activator.remove(key);
  }

  private report(entry: Entry, reason?: string, message = ""): void {
    const { dependents } = serviceKind.conditions;
    const url = `http://${entry.id.name}.${entry.id.namespace}.svc.rouse.internal`;
    this.statuses.report(entry, {
      conditionSet: serviceKind.conditions,
      conditions: dependents.map((type) => (reason === undefined ? holds(type) : fails(type, reason, message))),
      fields: { url, address: { url } },
    });
  }
}
