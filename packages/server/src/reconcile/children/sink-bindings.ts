import { isBound, type ServiceObject, type SinkBindingObject, sinkBindingKind } from "@rouse/resources";
import type { Entry, ObjectId } from "../../store/port.ts";
import { type Objects, objectOf, types } from "../objects.ts";
import { refersTo } from "../references.ts";
import { sinkEnvironment } from "./child-environment.ts";
import type { ChildSinks } from "./child-sinks.ts";

const { group, plural } = sinkBindingKind;

/** The type of SinkBindings in the store. */
export const sinkBindingType = { group, plural } as const;

/** A stored SinkBinding. */
interface Stored {
  readonly entry: Entry;
  readonly binding: SinkBindingObject;
}

/** Which SinkBindings give which Services the address of a sink. */
export class SinkBindings {
  private readonly objects: Pick<Objects, "all">;
  private readonly sinks: Pick<ChildSinks, "urlOf">;

  constructor(objects: Pick<Objects, "all">, sinks: Pick<ChildSinks, "urlOf">) {
    this.objects = objects;
    this.sinks = sinks;
  }

  /** The binding that counts for a Service: of several, the first by name. */
  of(service: ServiceObject): Stored | undefined {
    return boundBy(this.stored(), service);
  }

  /** What is added to the environment of a Service; nothing while the sink cannot be resolved. */
  environmentOf(service: ServiceObject): Readonly<Record<string, string>> {
    const bound = this.of(service);
    if (!bound) return {};
    const { sink, ceOverrides } = bound.binding.spec;
    const url = this.sinks.urlOf(bound.entry.id, sink);
    return url === undefined ? {} : sinkEnvironment(url, ceOverrides);
  }

  /** Whether what a Service is given may change with the object of this id: a binding, or what a binding's sink names. */
  concern(service: ServiceObject, id: ObjectId): boolean {
    const { namespace } = service.metadata;
    // No sink is a trigger, and ten thousand of them that come one by one must not each look at every binding.
    if (id.plural === types.trigger.plural) return false;
    // A binding that was deleted is not there to be asked whom it bound.
    if (id.group === group && id.plural === plural) return id.namespace === namespace;
    const bound = this.of(service);
    return bound !== undefined && refersTo(bound.binding, namespace, id);
  }

  private stored(): readonly Stored[] {
    return this.objects.all(sinkBindingType).map((entry) => ({ entry, binding: objectOf<SinkBindingObject>(entry) }));
  }
}

function boundBy(bindings: readonly Stored[], service: ServiceObject): Stored | undefined {
  let first: Stored | undefined;
  for (const each of bindings) {
    const earlier = first === undefined || each.entry.id.name < first.entry.id.name;
    if (earlier && isBound(each.binding, service)) first = each;
  }
  return first;
}
