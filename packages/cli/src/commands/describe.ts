import { pathOf, type ResourceObject } from "@rouse/resources";
import { openAdmin } from "../admin/client.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ConnectionOptions, connectionOptions, namespaceOption } from "../options.ts";
import { type InstancesView, renderDescription } from "../render/description.ts";
import { kindOf } from "./kind-argument.ts";
import { withNameHint } from "./name-hint.ts";

export const describeCommand = defineCommand<ConnectionOptions & { readonly namespace: string }>({
  name: "describe",
  summary: "show an object with its conditions",
  arguments: [
    { name: "<kind>", description: "such as trigger, broker, service, kafkasource or secret" },
    { name: "<name>", description: "of the object" },
  ],
  options: [namespaceOption, ...connectionOptions],
  examples: ["rouse describe trigger orders", "rouse describe service counter -n shop"],
  async action([kind = "", name = ""], { namespace, ...options }, context) {
    const definition = kindOf(kind);
    const client = await openAdmin(options, context);
    const { body } = await withNameHint(client, { definition, namespace, name }, () =>
      client.call<ResourceObject>(pathOf(definition, namespace, name)),
    );
    const instances =
      definition.kind === "Service"
        ? await client.find<InstancesView>(`/-/services/${namespace}/${encodeURIComponent(name)}`)
        : undefined;
    context.stdout.write(renderDescription(definition, body, instances, context.clock.now()));
    return exitCodes.ok;
  },
});
