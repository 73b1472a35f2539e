import { formatProblem, type LocatedProblem } from "@rouse/resources";
import type { Context } from "../context.ts";
import { CliFault } from "../errors.ts";
import { readFiles } from "../manifest/files.ts";
import { type Declared, duplicates, type Manifest, type ManifestOptions, readManifest } from "../manifest/manifest.ts";

/** What the manifests that a command names declare. */
export interface Loaded {
  readonly manifests: readonly Manifest[];
  readonly objects: readonly Declared[];
}

/**
 * Reads and validates manifests as the server would; warnings go to stderr. `undone` says of a refusal what was not
 * done because of it.
 * @throws CliFault CLI_REFUSED with every problem on a line of its own.
 */
export async function loadManifests(
  paths: readonly string[],
  options: Omit<ManifestOptions, "cwd" | "checks">,
  context: Context,
  undone?: string,
): Promise<Loaded> {
  const { domainChecks } = await context.server();
  const files = await readFiles(paths, context);
  const manifests = files.map((file) => readManifest(file, { ...options, cwd: context.cwd, checks: domainChecks }));
  const objects = manifests.flatMap((each) => (each.kind === "good" ? each.objects : []));
  const problems = [
    ...manifests.flatMap((each) => (each.kind === "broken" ? each.problems : [])),
    ...duplicates(objects),
  ];
  if (problems.length > 0) throw refused(problems, undone);
  for (const each of manifests) {
    if (each.kind === "good") for (const text of each.warnings) context.stderr.write(`warning: ${text}\n`);
    if (each.kind === "foreign") context.stderr.write(`note: ${each.file.shown} has no apiVersion and is left alone\n`);
  }
  if (objects.length === 0) {
    throw new CliFault("CLI_REFUSED", `there is no manifest in ${paths.join(", ")}`, {
      hint: "name a YAML or JSON file, or a folder with YAML files; rouse init writes a first one",
    });
  }
  return { manifests, objects };
}

function refused(problems: readonly LocatedProblem[], undone: string | undefined): CliFault {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const first = undone === undefined ? count : `${count}; ${undone}`;
  return new CliFault("CLI_REFUSED", [first, ...problems.map(formatProblem)].join("\n"));
}
