import { formatProblem, type LocatedProblem, locateProblem, problem } from "@rouse/resources";
import { openAdmin } from "../admin/client.ts";
import { isLoopbackUrl } from "../admin/endpoint.ts";
import { Refused422 } from "../admin/refusal.ts";
import { defineCommand } from "../command.ts";
import { CliFault, usage } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { applyObject, inOrder, nameOfObject } from "../manifest/apply.ts";
import type { Declared } from "../manifest/manifest.ts";
import { type ConnectionOptions, connectionOptions, list, namespace } from "../options.ts";
import { loadManifests } from "./offline.ts";

interface ApplyOptions extends ConnectionOptions {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly dryRun?: boolean;
}

export const applyCommand = defineCommand<ApplyOptions>({
  name: "apply",
  summary: "create or update what manifests declare",
  description:
    "All documents are validated before anything is sent: with one mistake nothing is applied. A folder stands for the YAML files directly in it.",
  options: [
    { flags: "-f, --filename <path...>", description: "file, folder, or - for standard input" },
    { flags: "-n, --namespace <name>", description: "namespace of documents that name none", parse: namespace },
    { flags: "--dry-run", description: "let the server validate, and store nothing" },
    ...connectionOptions,
  ],
  examples: [
    "rouse apply -f eventing.yaml",
    "rouse apply -f eventing/ --dry-run",
    "kubectl get triggers -o yaml | rouse apply -f -",
  ],
  async action(_args, options, context) {
    const paths = list(options.filename);
    if (paths.length === 0)
      throw usage("expected what to apply: -f FILE, -f FOLDER or -f -", "such as rouse apply -f eventing.yaml");
    const client = await openAdmin(options, context);
    const read = {
      namespace: options.namespace ?? "default",
      onlyNamespace: options.namespace !== undefined,
      absoluteWorkdir: isLoopbackUrl(new URL(client.endpoint.url)),
    };
    const { objects } = await loadManifests(paths, read, context, "nothing was applied");
    for (const each of inOrder(objects)) {
      const applied = await applyObject(client, each, { dryRun: options.dryRun === true }).catch((thrown: unknown) => {
        throw located(thrown, each);
      });
      for (const text of applied.warnings)
        context.stderr.write(`warning: ${each.file.shown}:${each.source.line}: ${text}\n`);
      const name = nameOfObject(each.definition, applied.object.metadata.name);
      context.stdout.write(`${name} ${applied.outcome}${options.dryRun ? " (dry run)" : ""}\n`);
    }
    return exitCodes.ok;
  },
});

/** A refusal of the server with the places in the file that it is about. */
export function located(thrown: unknown, { source, object }: Declared): unknown {
  if (!(thrown instanceof Refused422)) return thrown;
  const problems = thrown.causes.map(
    ({ field, message }): LocatedProblem => locateProblem(source, problem("FieldValueInvalid", field, { message })),
  );
  const lines = problems.map(formatProblem).join("\n");
  return new CliFault("CLI_REFUSED", `the server refuses ${object.kind} "${object.metadata.name}"\n${lines}`, {
    ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
    cause: thrown,
  });
}
