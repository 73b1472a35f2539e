import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type KindDefinition, type ResourceObject, timestamp } from "@rouse/resources";
import { isSecret } from "../secrets/vault.ts";
import type { Entry, Json, JsonObject, ObjectId } from "../store/port.ts";
import { nameOf, versionOf, withIdentity, withSystemFields } from "./identity.ts";
import type { AdminApiOptions, Answer } from "./options.ts";
import { isObject, mergePatch } from "./patch.ts";
import { afterRemoval, hasFinalizers } from "./remove.ts";
import { draftSecret } from "./secret-draft.ts";
import { alreadyExists, conflict, invalid, notAdmitted, notFound, Refusal } from "./status.ts";
import { toBareView, toView } from "./view.ts";

/** How a write is to be done. */
export interface WriteMode {
  /** Computes everything, stores nothing. */
  readonly dryRun: boolean;
  readonly unknownFields: "refuse" | "warn" | "ignore";
}

/** How often a patch without a resourceVersion is applied again to what others wrote in between. */
const attemptsMax = 20;
/** Creates an object from a document: sets uid, creationTimestamp and generation, drops its status. */
export async function createObject(
  options: AdminApiOptions,
  kind: KindDefinition,
  namespace: string,
  body: Json,
  mode: WriteMode,
): Promise<Answer> {
  const document = withIdentity(kind, namespace, undefined, body, options.random);
  const name = nameOf(document);
  if ((document.metadata as JsonObject).resourceVersion) {
    throw new Refusal("BadRequest", "resourceVersion should not be set on objects to be created");
  }
  const { object, warnings } = admitted(options, kind, withSystemFields(document, {}), namespace, mode);
  const { store, hooks } = options;
  await store.fresh();
  const id: ObjectId = { group: kind.group, plural: kind.plural, namespace, name };
  if (store.get(id)) throw alreadyExists(kind, name);
  const created = {
    uid: randomUUID(),
    creationTimestamp: timestamp(options.clock.now()),
    // It counts specifications; what has none has none.
    generation: kind.spec === undefined ? undefined : 1,
  };
  const complete = withSystemFields(object, created);
  if (mode.dryRun) {
    expectSealable(options, id, complete);
    return { code: 201, body: toBareView(complete, kind), warnings };
  }
  const status = await hooks?.beforeCreate?.(complete as unknown as ResourceObject);
  // First the status, then the object: whoever sees the object sees where it begins.
  if (status) await store.updateStatus(id, created.uid, () => status);
  const outcome = await store.create(id, complete);
  if (outcome.kind === "exists") throw alreadyExists(kind, name);
  await hooks?.afterWrite?.(outcome.entry.revision);
  return { code: 201, body: toView(outcome.entry, kind), warnings };
}

/** Replaces an object; the document must carry the resourceVersion that it was made from. */
export async function replaceObject(
  options: AdminApiOptions,
  kind: KindDefinition,
  id: ObjectId,
  body: Json,
  mode: WriteMode,
): Promise<Answer> {
  const document = withIdentity(kind, id.namespace, id.name, body, options.random);
  await options.store.fresh();
  const current = options.store.get(id);
  if (!current) throw notFound(kind, id.name);
  const expected = versionOf(kind, document);
  if (expected === undefined) {
    const message = "Invalid value: 0x0: must be specified for an update";
    throw invalid(kind, id.name, [{ reason: "FieldValueInvalid", message, field: "metadata.resourceVersion" }]);
  }
  const answer = await writeOver(options, kind, current, document, expected, mode);
  if (!answer) throw conflict(kind, id.name);
  return answer;
}

/** Applies a merge patch; without a resourceVersion in it the patch is applied again to what others wrote. */
export async function patchObject(
  options: AdminApiOptions,
  kind: KindDefinition,
  id: ObjectId,
  patch: Json,
  mode: WriteMode,
): Promise<Answer> {
  if (!isObject(patch)) throw new Refusal("BadRequest", "expected a merge patch to be an object");
  const given = versionOf(kind, patch);
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    await options.store.fresh();
    const current = options.store.get(id);
    if (!current) throw notFound(kind, id.name);
    const patched = mergePatch(toView(current, kind), patch);
    const document = withIdentity(kind, id.namespace, id.name, patched, options.random);
    const answer = await writeOver(options, kind, current, document, given ?? current.objectRevision, mode);
    if (answer) return answer;
    if (given !== undefined) break;
  }
  throw conflict(kind, id.name);
}

/** Writes `document` over `current`; undefined when another write came between. */
async function writeOver(
  options: AdminApiOptions,
  kind: KindDefinition,
  current: Entry,
  document: JsonObject,
  expected: number,
  mode: WriteMode,
): Promise<Answer | undefined> {
  const { store, hooks } = options;
  const { uid } = document.metadata as JsonObject;
  if (uid !== undefined && uid !== current.uid) {
    const why = `Precondition failed: UID in precondition: ${String(uid)}, UID in object meta: ${current.uid}`;
    throw conflict(kind, current.id.name, why);
  }
  if (current.objectRevision > expected) return undefined;
  const cleaned = withSystemFields(document, {});
  const { object, warnings } = admitted(options, kind, cleaned, current.id.namespace, mode, current);
  const metadata = current.object.metadata as JsonObject;
  const { generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const changed = !isDeepStrictEqual(object.spec, current.object.spec);
  const next = withSystemFields(object, {
    uid: current.uid,
    creationTimestamp,
    generation: changed ? Number(generation ?? 0) + 1 : generation,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  });
  if (isDeepStrictEqual(next, current.object)) return { code: 200, body: toView(current, kind), warnings };
  if (mode.dryRun) {
    expectSealable(options, current.id, next);
    return { code: 200, body: toView({ ...current, object: next }, kind), warnings };
  }
  if (deletionTimestamp && !hasFinalizers(next)) return removeFinally(options, kind, current, expected, warnings);
  const outcome = await store.update(current.id, next, expected);
  if (outcome.kind === "missing") throw notFound(kind, current.id.name);
  if (outcome.kind === "conflict") return undefined;
  await hooks?.afterWrite?.(outcome.entry.revision);
  return { code: 200, body: toView(outcome.entry, kind), warnings };
}

/** Throws what storing would: a Secret needs a key. */
function expectSealable({ vault }: AdminApiOptions, id: ObjectId, object: JsonObject): void {
  if (isSecret(id)) vault.seal(id, object);
}

/** The write that takes the last finalizer from a deleted object removes it. */
async function removeFinally(
  options: AdminApiOptions,
  kind: KindDefinition,
  current: Entry,
  revision: number,
  warnings: readonly string[],
): Promise<Answer | undefined> {
  const outcome = await options.store.remove(current.id, { uid: current.uid, revision });
  if (outcome.kind !== "removed") return undefined;
  const notices = await afterRemoval(options, kind, outcome.entry, {});
  return { code: 200, body: toView(outcome.entry, kind), warnings: [...warnings, ...notices] };
}

function admitted(
  options: AdminApiOptions,
  kind: KindDefinition,
  document: JsonObject,
  namespace: string,
  mode: WriteMode,
  current?: Entry,
): { readonly object: JsonObject; readonly warnings: readonly string[] } {
  const { unknownFields } = mode;
  const draft = isSecret(kind) ? draftSecret(kind, document, current, options.vault) : undefined;
  const old = (draft ? draft.old : current?.object) as unknown as ResourceObject | undefined;
  const admission = options.admit(draft?.document ?? document, { namespace, unknownFields, old });
  if (admission.kind === "refused") throw notAdmitted(kind, kind.version, nameOf(document), admission.problems);
  // As it will be read back: without the undefined fields that a schema leaves.
  const object = JSON.parse(JSON.stringify(admission.object)) as JsonObject;
  return { object: draft ? draft.settle(object) : object, warnings: admission.warnings };
}
