import { openAdmin } from "../admin/client.ts";
import { type CommandDefinition, defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ConnectionOptions, connectionOptions, namespaceOption, oneOf } from "../options.ts";
import { kindOf } from "./kind-argument.ts";
import { withNameHint } from "./name-hint.ts";

const fire = defineCommand<ConnectionOptions & { readonly namespace: string; readonly output?: "json" }>({
  name: "fire",
  summary: "send the event of a PingSource now",
  arguments: [{ name: "<name>", description: "of the PingSource" }],
  options: [
    namespaceOption,
    { flags: "-o, --output <format>", description: "json", parse: oneOf("json") },
    ...connectionOptions,
  ],
  examples: ["rouse ping fire every-hour"],
  async action([name = ""], { namespace, ...options }, context) {
    const client = await openAdmin(options, context);
    const path = `/-/ping/${namespace}/${encodeURIComponent(name)}/fire`;
    const { body } = await withNameHint(client, { definition: kindOf("pingsource"), namespace, name }, () =>
      client.call<{ handle: string; duplicate: boolean }>(path, { method: "POST" }),
    );
    const text = `${body.handle}${body.duplicate ? " (duplicate: stored before, not again)" : ""}`;
    context.stdout.write(`${options.output === "json" ? JSON.stringify(body) : text}\n`);
    return exitCodes.ok;
  },
});

export const pingCommand: CommandDefinition = {
  name: "ping",
  summary: "work with PingSources",
  examples: ["rouse ping fire every-hour"],
  commands: [fire],
};
