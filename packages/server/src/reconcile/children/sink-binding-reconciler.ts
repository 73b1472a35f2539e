import {
  type ConditionChange,
  isBound,
  type ServiceObject,
  type SinkBindingObject,
  sinkBindingKind,
} from "@rouse/resources";
import type { Entry, ObjectId } from "../../store/port.ts";
import { type Objects, objectOf, types } from "../objects.ts";
import type { KindReconciler } from "../reconciler.ts";
import { refersTo } from "../references.ts";
import { fails, holds, type StatusWriter } from "../status-writer.ts";
import type { ChildSinks } from "./child-sinks.ts";
import { type SinkBindings, sinkBindingType } from "./sink-bindings.ts";

/** What keeping SinkBindings needs. */
export interface SinkBindingPorts {
  readonly objects: Pick<Objects, "all">;
  readonly bindings: SinkBindings;
  readonly sinks: ChildSinks;
  readonly statuses: StatusWriter;
}

const { singular, conditions: conditionSet } = sinkBindingKind;

/**
 * Sees to it that what bound Services send reaches the sinks, and keeps the conditions. The Services themselves take the
 * variables when they are applied, see {@link SinkBindings}.
 */
export class SinkBindingReconciler implements KindReconciler {
  readonly type = sinkBindingType;
  private readonly ports: SinkBindingPorts;

  constructor(ports: SinkBindingPorts) {
    this.ports = ports;
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    const { namespace } = entry.id;
    const isService = id.group === types.service.group && id.plural === types.service.plural;
    return (isService && id.namespace === namespace) || refersTo(objectOf(entry), namespace, id);
  }

  async apply(entry: Entry): Promise<void> {
    const binding = objectOf<SinkBindingObject>(entry);
    const { target, uri } = await this.ports.sinks.put(entry, singular, binding.spec.sink);
    const provided =
      target.kind === "unresolved" ? fails("SinkProvided", "SinkNotFound", target.reason) : holds("SinkProvided");
    this.ports.statuses.report(entry, {
      conditionSet,
      conditions: [provided, this.subjectCondition(entry, binding)],
      fields: { sinkUri: uri },
    });
  }

  remove(entry: Entry): void {
    this.ports.sinks.drop(entry);
  }

  private subjectCondition(entry: Entry, binding: SinkBindingObject): ConditionChange {
    const type = "SubjectBound";
    const services = this.ports.objects.all(types.service).map((each) => objectOf<ServiceObject>(each));
    const bound = services.filter((service) => isBound(binding, service));
    if (bound.length === 0) {
      const { name, selector } = binding.spec.subject;
      const labels = Object.entries(selector?.matchLabels ?? {}).map(([label, value]) => `${label}=${value}`);
      const which = name === undefined ? `with the labels ${labels.join(", ")}` : `called ${name}`;
      return fails(type, "SubjectMissing", `there is no service ${which} in namespace ${entry.id.namespace}`);
    }
    for (const service of bound) {
      const other = this.ports.bindings.of(service)?.entry;
      if (other === undefined || other.uid === entry.uid) continue;
      const message = `service ${service.metadata.name} is bound by sinkbinding ${other.id.name} already`;
      return fails(type, "SubjectBoundAlready", message);
    }
    return holds(type);
  }
}
