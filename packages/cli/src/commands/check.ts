import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { list, namespace } from "../options.ts";
import { loadManifests } from "./offline.ts";

export const checkCommand = defineCommand<{ readonly filename?: readonly string[]; readonly namespace?: string }>({
  name: "check",
  summary: "validate manifests without a server",
  options: [
    { flags: "-f, --filename <path...>", description: "file, folder, or - for standard input (default: .)" },
    { flags: "-n, --namespace <name>", description: "namespace of documents that name none", parse: namespace },
  ],
  examples: ["rouse check", "rouse check -f eventing/ -f more.yaml"],
  async action(_args, options, context) {
    const paths = list(options.filename);
    const read = { namespace: options.namespace ?? "default", absoluteWorkdir: false };
    const { manifests, objects } = await loadManifests(paths.length === 0 ? ["."] : paths, read, context);
    const files = manifests.filter((each) => each.kind === "good").length;
    context.stdout.write(`${count(objects.length, "object")} in ${count(files, "file")}: in order\n`);
    return exitCodes.ok;
  },
});

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
