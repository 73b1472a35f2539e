import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** So many files are read before others get their turn: less than a millisecond. */
const atOnce = 32;

/**
 * What is found of each process of the machine; undefined where the system does not list them (no /proc). Read without
 * promises, in slices: these files are in memory, and a promise costs ten times the read, which a start would wait for.
 */
export async function scanProcesses<Found>(
  look: (pid: number) => Found | undefined,
): Promise<readonly Found[] | undefined> {
  const names = namesIn("/proc");
  if (!names.includes("self")) return undefined;
  return await inSlices(
    names.filter((name) => /^\d+$/.test(name)),
    (name) => look(Number(name)),
  );
}

/** A file of a process; empty when that has ended, or may not be looked at. */
export function processFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

/** The inodes of a process's sockets. */
export function socketInodes(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  return inSlices(namesIn(folder), (descriptor) => /^socket:\[(\d+)\]$/.exec(linkAt(`${folder}/${descriptor}`))?.[1]);
}

async function inSlices<Item, Found>(items: readonly Item[], look: (item: Item) => Found | undefined) {
  const found: Found[] = [];
  for (const [at, item] of items.entries()) {
    if (at > 0 && at % atOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    const one = look(item);
    if (one !== undefined) found.push(one);
  }
  return found;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
