import { type KindDefinition, pathOf, type ResourceObject } from "@rouse/resources";
import { type AdminClient, openAdmin } from "../admin/client.ts";
import { defineCommand } from "../command.ts";
import { usage } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { nameOfObject } from "../manifest/apply.ts";
import { type ConnectionOptions, connectionOptions, namespaceOption, oneOf } from "../options.ts";
import { listOf, type ObjectsOfKind, renderDocument, renderObjectTable } from "../render/objects.ts";
import { kindsOf } from "./kind-argument.ts";
import { withNameHint } from "./name-hint.ts";

interface GetOptions extends ConnectionOptions {
  readonly namespace: string;
  readonly allNamespaces?: boolean;
  readonly output?: "json" | "yaml" | "name" | "wide";
  readonly headers: boolean;
  readonly selector?: string;
}

export const getCommand = defineCommand<GetOptions>({
  name: "get",
  summary: "list objects, or show one",
  arguments: [
    { name: "<kind>", description: "triggers, brokers, services, pingsources; several with commas; or all" },
    { name: "[name]", description: "of one object" },
  ],
  options: [
    namespaceOption,
    { flags: "-A, --all-namespaces", description: "of every namespace" },
    {
      flags: "-o, --output <format>",
      description: "json, yaml, name or wide",
      parse: oneOf("json", "yaml", "name", "wide"),
    },
    { flags: "-l, --selector <labels>", description: "only objects with these labels, such as app=shop" },
    { flags: "--no-headers", description: "leave the table's head out" },
    ...connectionOptions,
  ],
  examples: [
    "rouse get triggers",
    "rouse get trigger orders -o yaml",
    "rouse get all -A",
    "rouse get broker default -o json",
  ],
  async action([kind = "", name], options, context) {
    const definitions = kindsOf(kind);
    if (name !== undefined && definitions.length > 1)
      throw usage(`a name needs one kind, got "${kind}"`, "such as rouse get trigger orders");
    if (name !== undefined && options.allNamespaces)
      throw usage("a name belongs to one namespace", "leave -A out, or the name");
    const client = await openAdmin(options, context);
    const groups = await Promise.all(definitions.map((each) => objectsOf(client, each, name, options)));
    const objects = groups.flatMap((group) => group.objects);
    const { stdout, stderr } = context;
    if (options.output === "json" || options.output === "yaml") {
      stdout.write(renderDocument(name === undefined ? listOf(objects) : objects[0], options.output));
    } else if (options.output === "name") {
      for (const { definition, objects } of groups) {
        for (const each of objects) stdout.write(`${nameOfObject(definition, each.metadata.name)}\n`);
      }
    } else if (objects.length === 0) {
      stderr.write(
        options.allNamespaces
          ? "nothing found in any namespace\n"
          : `nothing found in namespace ${options.namespace}\n`,
      );
    } else stdout.write(tables(groups, options, context.clock.now()));
    return exitCodes.ok;
  },
});

function tables(groups: readonly ObjectsOfKind[], options: GetOptions, now: number): string {
  const table = {
    wide: options.output === "wide",
    headers: options.headers,
    allNamespaces: options.allNamespaces === true,
    withKind: groups.length > 1,
    now,
  };
  const filled = groups.filter((group) => group.objects.length > 0);
  return filled.map((group) => renderObjectTable(group, table)).join(options.headers ? "\n" : "");
}

async function objectsOf(
  client: AdminClient,
  definition: KindDefinition,
  name: string | undefined,
  options: GetOptions,
): Promise<ObjectsOfKind> {
  if (name !== undefined) {
    const { namespace } = options;
    const { body } = await withNameHint(client, { definition, namespace, name }, () =>
      client.call<ResourceObject>(pathOf(definition, namespace, name)),
    );
    return { definition, objects: [body] };
  }
  const query = options.selector === undefined ? "" : `?labelSelector=${encodeURIComponent(options.selector)}`;
  const path = pathOf(definition, options.allNamespaces ? undefined : options.namespace);
  const { body } = await client.call<{ items: readonly ResourceObject[] }>(path + query);
  return { definition, objects: [...body.items].sort(byPlace) };
}

function byPlace(a: ResourceObject, b: ResourceObject): number {
  const key = ({ metadata }: ResourceObject) => `${metadata.namespace}/${metadata.name}`;
  return key(a) < key(b) ? -1 : 1;
}
