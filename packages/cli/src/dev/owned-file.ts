import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Owned } from "./plan.ts";

const name = "applied.json";

/**
 * What the last `rouse dev` over this folder applied; nothing when that cannot be read. Fingerprints are left out, so
 * that everything is applied anew: the objects may have been changed since.
 */
export async function readOwned(dataDir: string): Promise<Map<string, Owned>> {
  try {
    const { objects } = JSON.parse(await readFile(join(dataDir, name), "utf8")) as {
      objects: readonly Omit<Owned, "fingerprint">[];
    };
    return new Map(objects.map((each) => [each.identity, { ...each, fingerprint: "" }]));
  } catch {
    return new Map();
  }
}

/**
 * Remembers what was applied; whole or not at all. Without fingerprints: nobody reads them, and whoever has that of a
 * Secret can try out values against it.
 */
export async function writeOwned(dataDir: string, owned: ReadonlyMap<string, Owned>): Promise<void> {
  const file = join(dataDir, name);
  const objects = [...owned.values()].map(({ fingerprint: _, ...each }) => each);
  await writeFile(`${file}.new`, `${JSON.stringify({ objects }, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Forgets everything: for a server that forgot everything too. */
export async function clearOwned(dataDir: string): Promise<void> {
  await rm(join(dataDir, name), { force: true });
}
