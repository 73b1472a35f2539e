import { apiVersionOf, type KindDefinition } from "@rouse/resources";
import type { Entry, JsonObject, Store } from "../store/port.ts";
import { parameter } from "./negotiate.ts";
import { fieldSelector, labelSelector, type Selector } from "./selectors.ts";
import { notFound } from "./status.ts";
import { type Reading, toView } from "./view.ts";

const namespaceKind = { group: "", plural: "namespaces", kind: "Namespace" };
const namePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What a list, a watch or a removal is limited to. */
export function selectorOf(kind: KindDefinition, query: Readonly<Record<string, unknown>>): Selector {
  const fields = ["metadata.name", "metadata.namespace", ...(kind.kind === "Trigger" ? ["spec.broker"] : [])];
  const byLabel = labelSelector(parameter(query, "labelSelector"));
  const byField = fieldSelector(parameter(query, "fieldSelector"), fields);
  return (object) => byLabel(object) && byField(object);
}

/** The entries of a kind that are selected, from the cache. */
export function select(store: Store, kind: KindDefinition, namespace: string | undefined, wanted: Selector): Entry[] {
  const { group, plural } = kind;
  const selection = { group, plural, ...(namespace === undefined ? {} : { namespace }) };
  return store.list(selection).filter((entry) => wanted(entry.object));
}

/** A list as clients see it, read after everything that was written before. Pages are not cut: all is returned. */
export async function listObjects(
  store: Store,
  kind: KindDefinition,
  namespace: string | undefined,
  query: Readonly<Record<string, unknown>>,
  reading?: Reading,
): Promise<JsonObject> {
  const wanted = selectorOf(kind, query);
  const revision = await store.fresh();
  return {
    kind: `${kind.kind}List`,
    apiVersion: apiVersionOf(kind),
    metadata: { resourceVersion: String(revision) },
    items: select(store, kind, namespace, wanted).map((entry) => toView(entry, kind, reading)),
  };
}

/** Namespaces exist when used: the list has `default` and those in which there is something. */
export async function listNamespaces(store: Store): Promise<JsonObject> {
  const revision = String(await store.fresh());
  const names = new Set(["default", ...store.list().map((entry) => entry.id.namespace)]);
  names.delete("");
  const items = [...names].sort().map((name) => namespaceObject(name, revision));
  return { kind: "NamespaceList", apiVersion: "v1", metadata: { resourceVersion: revision }, items };
}

/** One namespace: every name that could be one is there. */
export function getNamespace(store: Store, name: string): JsonObject {
  if (!namePattern.test(name)) throw notFound(namespaceKind, name);
  return namespaceObject(name, String(store.revision));
}

function namespaceObject(name: string, resourceVersion: string): JsonObject {
  const labels = { "kubernetes.io/metadata.name": name };
  const metadata = { name, labels, uid: `namespace-${name}`, resourceVersion };
  return { apiVersion: "v1", kind: "Namespace", metadata, status: { phase: "Active" } };
}
