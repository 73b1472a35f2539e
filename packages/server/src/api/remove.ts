import { type KindDefinition, type ResourceObject, timestamp } from "@rouse/resources";
import type { Entry, Json, JsonObject, ObjectId, Preconditions } from "../store/port.ts";
import type { AdminApiOptions, Answer } from "./options.ts";
import { isObject } from "./patch.ts";
import { conflict, notFound, Refusal } from "./status.ts";
import { toView } from "./view.ts";

type Query = Readonly<Record<string, unknown>>;

/** Removes an object. `body` is a DeleteOptions or nothing; its preconditions are kept, propagation is ignored. */
export async function removeObject(
  options: AdminApiOptions,
  kind: KindDefinition,
  id: ObjectId,
  body: Json | undefined,
  request: { readonly dryRun: boolean; readonly query: Query },
): Promise<Answer> {
  const { preconditions, dryRun } = readDeleteOptions(body);
  const { store } = options;
  await store.fresh();
  const current = store.get(id);
  if (!current) throw notFound(kind, id.name);
  if (preconditions.uid !== undefined && preconditions.uid !== current.uid)
    throw wrongUid(kind, current, preconditions);
  if (request.dryRun || dryRun) return success(kind, current, []);
  if (hasFinalizers(current.object)) return markDeleted(options, kind, current, preconditions);
  const outcome = await store.remove(id, preconditions);
  if (outcome.kind === "missing") throw notFound(kind, id.name);
  if (outcome.kind === "conflict") {
    const other = outcome.current && outcome.current.uid !== preconditions.uid ? outcome.current : undefined;
    throw other && preconditions.uid !== undefined ? wrongUid(kind, other, preconditions) : conflict(kind, id.name);
  }
  const notices = await afterRemoval(options, kind, outcome.entry, request.query);
  return success(kind, outcome.entry, notices);
}

/** Removes every one of `entries`; answers with the list of what was removed. */
export async function removeAll(
  options: AdminApiOptions,
  kind: KindDefinition,
  entries: readonly Entry[],
  request: { readonly dryRun: boolean; readonly query: Query },
): Promise<Answer> {
  const warnings: string[] = [];
  for (const entry of entries) {
    if (request.dryRun) continue;
    if (hasFinalizers(entry.object)) {
      await markDeleted(options, kind, entry, {});
      continue;
    }
    const outcome = await options.store.remove(entry.id, { uid: entry.uid });
    if (outcome.kind === "removed") warnings.push(...(await afterRemoval(options, kind, outcome.entry, request.query)));
  }
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  const metadata = { resourceVersion: String(options.store.revision) };
  const body = { kind: `${kind.kind}List`, apiVersion, metadata, items: entries.map((entry) => toView(entry, kind)) };
  return { code: 200, body, warnings };
}

/** True while someone wants to do something before the object goes. */
export function hasFinalizers(object: JsonObject): boolean {
  const { finalizers } = object.metadata as JsonObject;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

/** An object with finalizers stays, marked, until the write that empties their list. */
async function markDeleted(
  options: AdminApiOptions,
  kind: KindDefinition,
  current: Entry,
  { revision = current.objectRevision }: Preconditions,
): Promise<Answer> {
  const metadata = current.object.metadata as JsonObject;
  if (metadata.deletionTimestamp) return { code: 200, body: toView(current, kind), warnings: [] };
  const marked = { ...metadata, deletionTimestamp: timestamp(options.clock.now()), deletionGracePeriodSeconds: 0 };
  const outcome = await options.store.update(current.id, { ...current.object, metadata: marked }, revision);
  if (outcome.kind === "missing") throw notFound(kind, current.id.name);
  if (outcome.kind === "conflict") throw conflict(kind, current.id.name);
  await options.hooks?.afterWrite?.(outcome.entry.revision);
  return { code: 200, body: toView(outcome.entry, kind), warnings: [] };
}

/** What follows a removal: the process applies it, and what went with the object is told. */
export async function afterRemoval(
  options: AdminApiOptions,
  kind: KindDefinition,
  entry: Entry,
  query: Query,
): Promise<readonly string[]> {
  const { hooks } = options;
  await hooks?.afterWrite?.(entry.revision);
  const { metadata, ...rest } = toView(entry, kind);
  return (await hooks?.afterDelete?.({ ...rest, metadata } as unknown as ResourceObject, query)) ?? [];
}

function success(kind: KindDefinition, entry: Entry, notices: readonly string[]): Answer {
  const causes = notices.map((message) => ({ reason: "AlsoRemoved", message }));
  const details = {
    name: entry.id.name,
    group: kind.group,
    kind: kind.plural,
    uid: entry.uid,
    ...(causes.length > 0 ? { causes } : {}),
  };
  const body: JsonObject = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return { code: 200, body, warnings: notices };
}

function wrongUid(kind: KindDefinition, current: Entry, { uid }: Preconditions): Refusal {
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.uid}`;
  return conflict(kind, current.id.name, why);
}

function readDeleteOptions(body: Json | undefined): {
  readonly preconditions: Preconditions;
  readonly dryRun: boolean;
} {
  if (body === undefined || body === null) return { preconditions: {}, dryRun: false };
  if (!isObject(body)) throw new Refusal("BadRequest", "expected DeleteOptions as the request body");
  const { uid, resourceVersion } = (isObject(body.preconditions) ? body.preconditions : {}) as JsonObject;
  const revision = resourceVersion === undefined || resourceVersion === null ? undefined : Number(resourceVersion);
  if (revision !== undefined && !Number.isSafeInteger(revision)) {
    throw new Refusal("BadRequest", "expected preconditions.resourceVersion to be a resourceVersion as it was read");
  }
  const preconditions = {
    ...(typeof uid === "string" ? { uid } : {}),
    ...(revision === undefined ? {} : { revision }),
  };
  return { preconditions, dryRun: Array.isArray(body.dryRun) && body.dryRun.includes("All") };
}
