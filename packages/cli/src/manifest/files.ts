import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { CliFault } from "../errors.ts";

/** A file that may hold manifests. */
export interface ManifestFile {
  /** Absolute; `-` for standard input. */
  readonly path: string;
  /** As messages show it: relative to where the command runs. */
  readonly shown: string;
  readonly text: string;
  /** It was named itself; a file that was found in a folder may turn out to be something else. */
  readonly named: boolean;
}

/** Where to read, and how to read what does not lie in a file. */
export interface ReadPlace {
  readonly cwd: string;
  readonly stdin?: () => Promise<string>;
}

const extension = /\.ya?ml$/i;

/** True for the files of a folder that are read: YAML by name, not hidden. JSON files are read when they are named. */
export function isManifestName(name: string): boolean {
  return extension.test(name) && !name.startsWith(".");
}

/**
 * Reads the files that were named, and of folders the YAML files that lie directly in them, in the order of their names.
 * @throws CliFault CLI_NOT_FOUND when a path is not there.
 */
export async function readFiles(paths: readonly string[], place: ReadPlace): Promise<readonly ManifestFile[]> {
  const files = new Map<string, ManifestFile>();
  for (const given of paths) {
    for (const file of await readPath(given, place)) if (!files.has(file.path)) files.set(file.path, file);
  }
  return [...files.values()];
}

async function readPath(given: string, { cwd, stdin }: ReadPlace): Promise<readonly ManifestFile[]> {
  if (given === "-") {
    if (!stdin)
      throw new CliFault("CLI_USAGE", "standard input cannot be read here", { hint: "name a file or a folder" });
    return [{ path: "-", shown: "standard input", text: await stdin(), named: true }];
  }
  const path = resolve(cwd, given);
  const shown = (file: string) => relative(cwd, file) || given;
  const found = await stat(path).catch((failure: NodeJS.ErrnoException) => failure);
  if (found instanceof Error) throw unreadable(given, found);
  if (!found.isDirectory()) return [{ path, shown: shown(path), text: await textOf(path, given), named: true }];
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory() && isManifestName(entry.name))
    .map((entry) => entry.name);
  const files: ManifestFile[] = [];
  for (const name of names.sort()) {
    const file = join(path, name);
    // A file that went away since the folder was read is as good as one that was never there.
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text !== undefined) files.push({ path: file, shown: shown(file), text, named: false });
  }
  return files;
}

async function textOf(path: string, given: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (failure) {
    throw unreadable(given, failure as NodeJS.ErrnoException);
  }
}

function unreadable(given: string, failure: NodeJS.ErrnoException): CliFault {
  if (failure.code === "ENOENT" || failure.code === "ENOTDIR") {
    return new CliFault("CLI_NOT_FOUND", `there is no file or folder ${given}`, {
      hint: "give a manifest, a folder of them, or -",
      cause: failure,
    });
  }
  return new CliFault("CLI_FAILED", `${given} cannot be read: ${failure.code ?? failure.message}`, { cause: failure });
}
