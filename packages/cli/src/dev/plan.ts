import { createHash } from "node:crypto";
import { type Declared, duplicates, identityOf, type Manifest } from "../manifest/manifest.ts";

/** An object that dev applied, and so may prune. */
export interface Owned {
  readonly identity: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  /** The file that declares it, absolute. */
  readonly file: string;
  /** Of the document as it was applied. */
  readonly fingerprint: string;
}

/** What is to be done so that the server has what the files say. */
export interface SyncPlan {
  readonly apply: readonly { readonly declared: Declared; readonly owned: Owned }[];
  readonly prune: readonly Owned[];
  /** Would be pruned, were there not a broken file that may declare them. */
  readonly spared: readonly Owned[];
  /** Owned, and declared by a file that is gone. */
  readonly orphaned: readonly Owned[];
}

/**
 * Compares what is owned with what the files say now. Pruned is only what disappeared from a file that parses: a file
 * that is broken, empty or gone changes nothing. While any file is broken nothing is pruned, since what disappeared here
 * may have been moved there.
 */
export function planSync(owned: ReadonlyMap<string, Owned>, manifests: readonly Manifest[]): SyncPlan {
  const declared = new Map<string, Declared>();
  for (const manifest of manifests) {
    if (manifest.kind !== "good") continue;
    for (const each of manifest.objects) if (!declared.has(identityOf(each))) declared.set(identityOf(each), each);
  }
  const apply = [...declared.values()]
    .map((each) => ({ declared: each, owned: ownedOf(each) }))
    .filter((each) => {
      const known = owned.get(each.owned.identity);
      return known?.fingerprint !== each.owned.fingerprint || known.file !== each.owned.file;
    });
  const good = new Set(manifests.filter((each) => each.kind === "good").map((each) => each.file.path));
  const there = new Set(manifests.map((each) => each.file.path));
  const missing = [...owned.values()].filter((each) => !declared.has(each.identity));
  const gone = missing.filter((each) => good.has(each.file));
  const broken = manifests.some((each) => each.kind === "broken");
  return {
    apply,
    prune: broken ? [] : gone,
    spared: broken ? gone : [],
    orphaned: missing.filter((each) => !there.has(each.file)),
  };
}

/** Problems of objects that several files declare. */
export function planProblems(manifests: readonly Manifest[]) {
  return duplicates(manifests.flatMap((each) => (each.kind === "good" ? each.objects : [])));
}

function ownedOf(declared: Declared): Owned {
  const { object, document, file } = declared;
  return {
    identity: identityOf(declared),
    kind: object.kind,
    apiVersion: object.apiVersion,
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    file: file.path,
    fingerprint: createHash("sha256").update(JSON.stringify(document)).digest("base64url"),
  };
}
