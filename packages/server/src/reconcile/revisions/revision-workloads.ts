import { messageOf } from "@rouse/base";
import type { ServiceObject } from "@rouse/resources";
import type { Activator, Program } from "@rouse/serving-client";
import { environmentOf } from "../../secrets/environment.ts";
import { secretProblem } from "../../secrets/secret-problem.ts";
import type { SecretReader } from "../../secrets/secret-reader.ts";
import type { Entry } from "../../store/port.ts";
import type { SinkBindings } from "../children/sink-bindings.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { type Caller, reachingUs } from "../program-of.ts";
import { type ServiceSettings, workloadOf } from "../workload-of.ts";

/** What SinkBindings give to Services. */
export type ServiceBindings = Pick<SinkBindings, "environmentOf" | "concern">;

/** Why something is not as it should be: one CamelCase word, and a sentence. */
export interface Wrong {
  readonly reason: string;
  readonly message: string;
}

/** What running revisions needs. */
export interface RevisionWorkloadsPorts {
  readonly activator: Pick<Activator, "apply" | "remove">;
  readonly settings: ServiceSettings;
  readonly secrets: Pick<SecretReader, "textIfAny">;
  readonly bindings?: ServiceBindings | undefined;
}

/** A revision that is run, as it was applied last. */
export interface RunningRevision {
  readonly service: string;
  readonly revision: string;
  readonly form: string;
  readonly generation: number;
  /** Undefined when it could not be applied: `wrong` says why. */
  readonly program: Program | undefined;
  /** Why it could not be applied, or why its last instance failed; undefined from when one is ready. */
  readonly wrong: Wrong | undefined;
}

/** The workloads of the revisions that are called, by their keys: `<namespace>/<service>/<revision>`. */
export class RevisionWorkloads {
  private readonly ports: RevisionWorkloadsPorts;
  private readonly running = new Map<string, RunningRevision>();

  constructor(ports: RevisionWorkloadsPorts) {
    this.ports = ports;
  }

  get(key: string): RunningRevision | undefined {
    return this.running.get(key);
  }

  /** The keys of a service's revisions that were applied and not removed. */
  keysOf(service: string): readonly string[] {
    return [...this.running].filter(([, running]) => running.service === service).map(([key]) => key);
  }

  /** Remembers why an instance failed, or that none did. */
  mark(key: string, wrong: Wrong | undefined): void {
    const known = this.running.get(key);
    if (known) this.running.set(key, { ...known, wrong });
  }

  /**
   * Applies one revision of a Service; the same as before is left alone. What cannot be applied ends: instances with a value
   * that was taken back go on nowhere, and none starts with an empty one. Deliveries are held meanwhile.
   */
  async apply(entry: Entry, revision: string, object: ServiceObject): Promise<void> {
    const service = `${entry.id.namespace}/${entry.id.name}`;
    const key = `${service}/${revision}`;
    try {
      const workload = workloadOf(object, this.ports.settings);
      if (workload === undefined) {
        return this.fail(key, { reason: "NothingToRun", message: "it names neither an image nor a command" });
      }
      const caller = await this.callerOf(entry, object, workload.program).catch((failure: unknown) =>
        this.fail(key, secretProblem(failure)),
      );
      if (caller === undefined) return;
      const named = { ...workload, key, revisionName: revision };
      const form = fingerprintOf([named, caller]);
      const before = this.running.get(key);
      if (before?.form === form && before.program !== undefined) return;
      // A Secret that changed leaves the revision as it is, and its instances are of an older generation all the same.
      const generation = Math.max(entry.objectRevision, (before?.generation ?? 0) + 1);
      const { program } = caller;
      this.running.set(key, { service, revision, form, generation, program, wrong: undefined });
      this.ports.activator.apply({ ...named, ...caller, generation });
    } catch (failure) {
      // Stored by a version that read it otherwise.
      this.fail(key, { reason: "WorkloadInvalid", message: messageOf(failure) });
    }
  }

  /** Drains and stops its instances. */
  remove(key: string): void {
    if (this.running.delete(key)) this.ports.activator.remove(key);
  }

  /** Removes those of a service that are not of these revisions. */
  keepOnly(service: string, revisions: ReadonlySet<string>): void {
    for (const key of this.keysOf(service)) {
      if (!revisions.has(this.get(key)?.revision ?? "")) this.remove(key);
    }
  }

  private fail(key: string, wrong: Wrong): undefined {
    const [namespace = "", name = "", revision = ""] = key.split("/");
    const generation = this.running.get(key)?.generation ?? 0;
    this.remove(key);
    const service = `${namespace}/${name}`;
    this.running.set(key, { service, revision, form: "", generation, program: undefined, wrong });
    return undefined;
  }

  /** Program and environment, with the sink that a binding gives, so that the program reaches it. */
  private async callerOf(entry: Entry, service: ServiceObject, program: Program): Promise<Caller> {
    const { bindings, secrets, settings } = this.ports;
    const container = service.spec.template?.spec?.containers?.[0];
    const declared = await environmentOf(container?.env, entry.id.namespace, secrets);
    const bound = bindings?.environmentOf(service);
    const { platform = process.platform } = settings;
    const reached = reachingUs({ program, env: { ...bound } }, platform);
    return { program: reached.program, env: { ...declared, ...reached.env } };
  }
}
