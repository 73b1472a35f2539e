import { apiVersionOf, type KindDefinition } from "@rouse/resources";
import type { Json, JsonObject } from "../store/port.ts";
import { isObject } from "./patch.ts";
import { invalid, Refusal } from "./status.ts";

/** Metadata that only the server sets. */
const systemFields = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
];
const suffixLetters = "bcdfghjklmnpqrstvwxz2456789";

/** The document under the kind, namespace and name of the URL; refuses with 400 what says otherwise. */
export function withIdentity(
  kind: KindDefinition,
  namespace: string,
  name: string | undefined,
  body: Json,
  random: () => number,
): JsonObject {
  if (!isObject(body)) throw new Refusal("BadRequest", `expected a ${kind.kind} as the request body`);
  const { status: _status, apiVersion = apiVersionOf(kind), kind: said = kind.kind, ...rest } = body;
  if (said !== kind.kind || apiVersion !== apiVersionOf(kind)) {
    const expected = `${kind.kind} in ${apiVersionOf(kind)}`;
    throw new Refusal(
      "BadRequest",
      `expected a ${expected} at this path, got ${String(said)} in ${String(apiVersion)}`,
    );
  }
  const metadata = body.metadata ?? {};
  if (!isObject(metadata)) throw new Refusal("BadRequest", "expected metadata to be an object");
  if (metadata.namespace && metadata.namespace !== namespace) {
    const message = "the namespace of the provided object does not match the namespace sent on the request";
    throw new Refusal("BadRequest", message);
  }
  if (name !== undefined && metadata.name && metadata.name !== name) {
    const message = `the name of the object (${String(metadata.name)}) does not match the name on the URL (${name})`;
    throw new Refusal("BadRequest", message);
  }
  const own = name ?? (metadata.name || generatedName(metadata.generateName, random));
  if (!own) {
    const message = "Required value: name or generateName is required";
    throw invalid(kind, "", [{ reason: "FieldValueRequired", message, field: "metadata.name" }]);
  }
  return { apiVersion, kind: said, ...rest, metadata: { ...metadata, namespace, name: own } };
}

function generatedName(prefix: Json | undefined, random: () => number): string | undefined {
  if (typeof prefix !== "string" || prefix === "") return undefined;
  const letter = () => suffixLetters[Math.floor(random() * suffixLetters.length)];
  return prefix + Array.from({ length: 5 }, letter).join("");
}

/** The resourceVersion that a document was made from; undefined when it names none. */
export function versionOf(kind: KindDefinition, document: JsonObject): number | undefined {
  const version = (document.metadata as JsonObject | undefined)?.resourceVersion;
  if (version === undefined || version === null || version === "") return undefined;
  if (typeof version === "string" && /^\d{1,16}$/.test(version)) return Number(version);
  const message = `Invalid value: ${JSON.stringify(version)}: expected a resourceVersion as it was read`;
  throw invalid(kind, nameOf(document), [{ reason: "FieldValueInvalid", message, field: "metadata.resourceVersion" }]);
}

/** The object with exactly these server-set metadata. */
export function withSystemFields(object: JsonObject, fields: JsonObject): JsonObject {
  const given = Object.entries(object.metadata as JsonObject).filter(([name]) => !systemFields.includes(name));
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return { ...object, metadata: Object.fromEntries([...given, ...set]) };
}

/** The name that a document gives itself, or an empty text. */
export function nameOf(document: JsonObject): string {
  const name = (document.metadata as JsonObject | undefined)?.name;
  return typeof name === "string" ? name : "";
}
