import { type Destination, lookUpKind, type ResourceObject } from "@rouse/resources";
import type { ObjectId } from "../store/port.ts";

/** The destinations and secrets of an object, wherever its kind writes them. */
interface Referring {
  readonly sink?: Destination;
  readonly subscriber?: Destination;
  readonly delivery?: { readonly deadLetterSink?: Destination };
}

/** Whether an object, written in a namespace, names another one, so that it is applied again when that changes. */
export function refersTo(object: ResourceObject, namespace: string, id: ObjectId): boolean {
  const { sink, subscriber, delivery } = object.spec as Referring;
  return [sink, subscriber, delivery?.deadLetterSink].some((to) => leadsTo(to, namespace, id));
}

/** Whether a destination, written in a namespace, refers to the object. */
export function leadsTo(destination: Destination | undefined, namespace: string, id: ObjectId): boolean {
  const ref = destination?.ref;
  if (ref?.name !== id.name || (ref.namespace ?? namespace) !== id.namespace) return false;
  const found = lookUpKind(ref.apiVersion, ref.kind);
  return found.kind === "found" && found.definition.group === id.group && found.definition.plural === id.plural;
}
