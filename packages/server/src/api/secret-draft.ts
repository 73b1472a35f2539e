import { type KindDefinition, redactedData, redactedText, unredactSecret } from "@rouse/resources";
import type { Opened } from "../secrets/seal.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Entry, JsonObject } from "../store/port.ts";
import { nameOf } from "./identity.ts";
import { isObject } from "./patch.ts";
import { notAdmitted } from "./status.ts";

/** A Secret on its way in: what is admitted, what it is compared with, and how it is made ready for the store. */
export interface SecretDraft {
  /** With the values that clients were not shown put back, and without what kubectl keeps of the last document. */
  readonly document: JsonObject;
  /** The Secret as it is, with its values. */
  readonly old: JsonObject | undefined;
  /** The admitted object, with the values that did not change as they are stored: sealed. */
  settle(object: JsonObject): JsonObject;
}

type Texts = Readonly<Record<string, string>>;

/** kubectl keeps every document that it applied in an annotation, values and all. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Prepares a Secret for admission. Clients see a placeholder for each value; a placeholder that comes back stands for the
 * value as it is. Throws a Refusal for one where there is no value; shows no value anywhere.
 */
export function draftSecret(
  kind: KindDefinition,
  document: JsonObject,
  current: Entry | undefined,
  vault: Pick<Vault, "open" | "isCurrent">,
): SecretDraft {
  const opened = current ? vault.open(current) : new Map<string, Opened>();
  const plain = plainValues(opened);
  const whole = unredactSecret(withoutLastApplied(document), { data: plain });
  if (whole.kind === "refused") throw notAdmitted(kind, kind.version, nameOf(document), whole.problems);
  const stored = (current?.object.data ?? {}) as Texts;
  const isSame = (key: string, text: string) => {
    // A value that does not open is an empty text here: only its placeholder means it.
    if (opened.get(key)?.kind !== "opened") return opened.has(key) && text === "" && isKept(document, key);
    return plain[key] === text && vault.isCurrent(stored[key]!);
  };
  return {
    document: whole.object,
    old: current && { ...current.object, ...(current.object.data === undefined ? {} : { data: plain }) },
    settle(object) {
      if (!isObject(object.data)) return object;
      const values = Object.entries(object.data as Texts);
      return {
        ...object,
        data: Object.fromEntries(values.map(([key, text]) => [key, isSame(key, text) ? stored[key]! : text])),
      };
    },
  };
}

/** The values as base64; one that does not open can be kept or replaced, and not be compared. */
function plainValues(values: ReadonlyMap<string, Opened>): Texts {
  return Object.fromEntries(
    [...values].map(([key, opened]) => [key, opened.kind === "opened" ? opened.value.toString("base64") : ""]),
  );
}

function isKept({ data, stringData }: JsonObject, key: string): boolean {
  const at = (values: JsonObject[string]) => (isObject(values) ? values[key] : undefined);
  return at(data) === redactedData || at(stringData) === redactedText;
}

function withoutLastApplied(document: JsonObject): JsonObject {
  const metadata = document.metadata as JsonObject;
  if (!isObject(metadata.annotations)) return document;
  const { [lastApplied]: _values, ...annotations } = metadata.annotations;
  return { ...document, metadata: { ...metadata, annotations } };
}
