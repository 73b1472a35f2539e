import { messageOf } from "@rouse/base";
import { type ConditionChange, type ContainerSourceObject, containerSourceKind } from "@rouse/resources";
import type { InstanceChange, Keeper, KeptProcess } from "@rouse/serving-client";
import { environmentOf } from "../../secrets/environment.ts";
import { secretProblem } from "../../secrets/secret-problem.ts";
import type { SecretReader } from "../../secrets/secret-reader.ts";
import type { Entry, ObjectId, Store } from "../../store/port.ts";
import type { Resolved } from "../destination-resolver.ts";
import { objectOf } from "../objects.ts";
import { programOf, reachingUs } from "../program-of.ts";
import type { KindReconciler } from "../reconciler.ts";
import { refersTo } from "../references.ts";
import { fails, holds, type StatusWriter } from "../status-writer.ts";
import type { ServiceSettings } from "../workload-of.ts";
import { sinkEnvironment } from "./child-environment.ts";
import type { ChildSinks } from "./child-sinks.ts";

/** What running ContainerSources needs. */
export interface ContainerSourcePorts {
  readonly store: Store;
  readonly keeper: Keeper;
  readonly sinks: ChildSinks;
  readonly statuses: StatusWriter;
  readonly secrets: Pick<SecretReader, "textIfAny">;
  readonly settings: ServiceSettings;
}

/** Why the process or container of a source is not as it should be. */
interface Wrong {
  readonly reason: string;
  readonly message: string;
}

const { group, plural, singular, conditions: conditionSet } = containerSourceKind;

/** Keeps the processes and containers of ContainerSources running, with the address of their sink, and the sources' conditions true. */
export class ContainerSourceReconciler implements KindReconciler {
  readonly type = { group, plural };
  private readonly ports: ContainerSourcePorts;
  /** Processes that wait for the configuration to be loaded; undefined once it is. */
  private waiting: Map<string, KeptProcess> | undefined = new Map();

  constructor(ports: ContainerSourcePorts) {
    this.ports = ports;
  }

  start(): void {
    const { waiting } = this;
    this.waiting = undefined;
    for (const process of waiting?.values() ?? []) this.ports.keeper.keep(process);
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    return refersTo(objectOf(entry), entry.id.namespace, id);
  }

  async apply(entry: Entry): Promise<void> {
    const object = objectOf<ContainerSourceObject>(entry);
    const { sink, delivery, ceOverrides } = object.spec;
    const resolved = await this.ports.sinks.put(entry, singular, sink, delivery);
    const url = this.ports.sinks.urlOf(entry.id, sink);
    // Without a sink nothing is started; what runs goes on, and is answered that its broker does not exist.
    if (url === undefined) {
      this.report(entry, resolved);
      return;
    }
    try {
      const process = await this.processOf(entry, object, sinkEnvironment(url, ceOverrides));
      if ("reason" in process) this.stop(entry, resolved, process);
      else {
        this.keep(process);
        this.report(entry, resolved);
      }
    } catch (failure) {
      this.stop(entry, resolved, { reason: "ProcessInvalid", message: messageOf(failure) });
    }
  }

  remove(entry: Entry): void {
    const key = keyOf(entry.id);
    this.waiting?.delete(key);
    this.ports.keeper.release(key);
    this.ports.sinks.drop(entry);
  }

  /** A process started, or ended: its source's conditions say so. Changes of other things than these sources are left alone. */
  readonly noticed = ({ key, kind }: InstanceChange): void => {
    if (kind !== "ready" && kind !== "failed") return;
    const [kindOf, namespace = "", name = ""] = key.split("/");
    const entry = kindOf === plural ? this.ports.store.get({ group, plural, namespace, name }) : undefined;
    if (!entry) return;
    const { sink } = objectOf<ContainerSourceObject>(entry).spec;
    this.report(entry, this.ports.sinks.resolve(sink, namespace));
  };

  private async processOf(
    { id }: Entry,
    object: ContainerSourceObject,
    own: Readonly<Record<string, string>>,
  ): Promise<KeptProcess | Wrong> {
    const { workdirBase, watch, graceMs, platform = process.platform } = this.ports.settings;
    const asked = programOf(object, workdirBase);
    if (asked === undefined) return { reason: "NothingToRun", message: "it names neither an image nor a command" };
    const declared = object.spec.template.spec.containers?.[0]?.env;
    let env: Record<string, string>;
    try {
      env = await environmentOf(declared, id.namespace, this.ports.secrets);
    } catch (failure) {
      return secretProblem(failure);
    }
    const reached = reachingUs({ program: asked, env: own }, platform);
    const { program } = reached;
    // A container has no folder of this machine.
    const watched = watch && program.kind === "process";
    return { key: keyOf(id), program, env: { ...env, ...reached.env }, graceMs, watch: watched };
  }

  private keep(process: KeptProcess): void {
    if (this.waiting) this.waiting.set(process.key, process);
    else this.ports.keeper.keep(process);
  }

  private stop(entry: Entry, resolved: Resolved, wrong: Wrong): void {
    const key = keyOf(entry.id);
    this.waiting?.delete(key);
    this.ports.keeper.release(key);
    this.report(entry, resolved, wrong);
  }

  private report(entry: Entry, resolved: Resolved, wrong?: Wrong): void {
    const { target, uri } = resolved;
    const status = this.ports.keeper.status(keyOf(entry.id));
    const bound =
      target.kind === "unresolved"
        ? fails("SinkBindingReady", "SinkNotFound", target.reason)
        : holds("SinkBindingReady");
    this.ports.statuses.report(entry, {
      conditionSet,
      conditions: [bound, adapterCondition(wrong ?? status?.failure, status !== undefined)],
      fields: { sinkUri: uri, restarts: status?.restarts },
    });
  }
}

function adapterCondition(wrong: Wrong | undefined, kept: boolean): ConditionChange {
  const type = "ReceiveAdapterReady";
  if (wrong) return fails(type, wrong.reason, wrong.message);
  if (kept) return holds(type);
  return { type, status: "Unknown", reason: "NotStarted", message: "it was not started yet" };
}

/** Kept apart from Services, whose workloads may have the same namespace and name. */
function keyOf({ namespace, name }: Pick<ObjectId, "namespace" | "name">): string {
  return `${plural}/${namespace}/${name}`;
}
