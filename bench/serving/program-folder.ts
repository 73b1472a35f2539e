import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServiceProgram } from "../rouse/manifests.ts";
import { instanceProgram } from "./program.ts";

/** A folder with the bench's instance as a program. Disposing removes it. */
export interface ProgramFolder extends AsyncDisposable {
  readonly folder: string;
  readonly program: ServiceProgram;
}

/** @param before runs first in each instance, in the folder. */
export async function programFolder(before?: string): Promise<ProgramFolder> {
  const folder = await mkdtemp(join(tmpdir(), "rouse-bench-"));
  await writeFile(join(folder, "program.cjs"), instanceProgram(before));
  return {
    folder,
    program: { kind: "process", command: "node program.cjs" },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
