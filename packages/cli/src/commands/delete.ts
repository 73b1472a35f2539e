import { pathOf } from "@rouse/resources";
import { type AdminClient, openAdmin } from "../admin/client.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { CliFault, usage } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { inOrder } from "../manifest/apply.ts";
import { type ConnectionOptions, connectionOptions, list, namespaceOption } from "../options.ts";
import { kindOf } from "./kind-argument.ts";
import { type Named, withNameHint } from "./name-hint.ts";
import { loadManifests } from "./offline.ts";

interface DeleteOptions extends ConnectionOptions {
  readonly namespace: string;
  readonly filename?: readonly string[];
  readonly keepBacklog?: boolean;
  readonly ignoreNotFound?: boolean;
}

export const deleteCommand = defineCommand<DeleteOptions>({
  name: "delete",
  summary: "delete an object, or what manifests declare",
  description: "Events that wait for a deleted trigger are removed with it and counted, or kept as dead records.",
  arguments: [
    { name: "[kind]", description: "such as trigger, broker, service, kafkasource or secret" },
    { name: "[name]", description: "of the object" },
  ],
  options: [
    namespaceOption,
    {
      flags: "-f, --filename <path...>",
      description: "file, folder, or - for standard input, instead of kind and name",
    },
    { flags: "--keep-backlog", description: "move the events that wait for a trigger to the dead stream" },
    { flags: "--ignore-not-found", description: "what is not there is no failure" },
    ...connectionOptions,
  ],
  examples: [
    "rouse delete trigger orders",
    "rouse delete trigger orders --keep-backlog",
    "rouse delete -f eventing.yaml",
  ],
  async action([kind, name], options, context) {
    const paths = list(options.filename);
    if (paths.length > 0 === (kind !== undefined)) {
      throw usage("expected either KIND NAME or -f FILE", "such as rouse delete trigger orders");
    }
    if (kind !== undefined && name === undefined)
      throw usage(`expected the name of the ${kind} to delete`, `such as rouse delete ${kind} NAME`);
    const targets =
      kind === undefined
        ? await declared(paths, options, context)
        : [{ definition: kindOf(kind), namespace: options.namespace, name: name ?? "" }];
    const client = await openAdmin(options, context);
    let missing: unknown;
    for (const target of targets) {
      try {
        await remove(client, target, options, context);
      } catch (thrown) {
        if (!(thrown instanceof CliFault) || thrown.code !== "CLI_NOT_FOUND") throw thrown;
        // The others of a set are deleted all the same; what was missing is told at the end.
        missing ??= thrown;
      }
    }
    if (missing !== undefined && !options.ignoreNotFound) throw missing;
    return exitCodes.ok;
  },
});

async function declared(paths: readonly string[], options: DeleteOptions, context: Context): Promise<readonly Named[]> {
  const read = { namespace: options.namespace, absoluteWorkdir: false };
  const { objects } = await loadManifests(paths, read, context, "nothing was deleted");
  return inOrder(objects)
    .toReversed()
    .map(({ definition, object }) => ({
      definition,
      namespace: object.metadata.namespace,
      name: object.metadata.name,
    }));
}

async function remove(client: AdminClient, target: Named, options: DeleteOptions, context: Context): Promise<void> {
  const { definition, namespace, name } = target;
  const query = options.keepBacklog ? "?keepBacklog=true" : "";
  const { warnings } = await withNameHint(client, target, () =>
    client.call(pathOf(definition, namespace, name) + query, { method: "DELETE" }),
  );
  const kind = definition.group === "" ? definition.singular : `${definition.singular}.${definition.group}`;
  context.stdout.write(`${kind} "${name}" deleted\n`);
  for (const text of warnings) context.stderr.write(`warning: ${text}\n`);
}
