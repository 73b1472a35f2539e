import { type Destination, lookUpKind, type ResourceObject, secretRefs } from "@rouse/resources";
import { isSecret } from "../secrets/vault.ts";
import type { ObjectId } from "../store/port.ts";

/** The destinations of an object, wherever its kind writes them. */
interface Referring {
  readonly sink?: Destination;
  readonly subscriber?: Destination;
  readonly delivery?: { readonly deadLetterSink?: Destination };
}

/** Whether an object, written in a namespace, names another one, so that it is applied again when that changes. */
export function refersTo(object: ResourceObject, namespace: string, id: ObjectId): boolean {
  if (isSecret(id)) return namesSecret(secretRefs(object), id);
  const { sink, subscriber, delivery } = (object.spec ?? {}) as Referring;
  return [sink, subscriber, delivery?.deadLetterSink].some((to) => leadsTo(to, namespace, id));
}

/** Whether a destination, written in a namespace, refers to the object. */
export function leadsTo(destination: Destination | undefined, namespace: string, id: ObjectId): boolean {
  const ref = destination?.ref;
  if (ref?.name !== id.name || (ref.namespace ?? namespace) !== id.namespace) return false;
  const found = lookUpKind(ref.apiVersion, ref.kind);
  return found.kind === "found" && found.definition.group === id.group && found.definition.plural === id.plural;
}

/** Whether one of the references is to that Secret. */
export function namesSecret(
  refs: readonly { readonly namespace: string; readonly name: string }[],
  id: ObjectId,
): boolean {
  return isSecret(id) && refs.some((ref) => ref.namespace === id.namespace && ref.name === id.name);
}
