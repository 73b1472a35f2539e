import { openAdmin } from "../admin/client.ts";
import { type CommandDefinition, defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ConnectionOptions, connectionOptions, namespaceOption, oneOf } from "../options.ts";
import { type DeadLine, renderDeadTable } from "../render/dead.ts";
import { kindOf } from "./kind-argument.ts";
import { withNameHint } from "./name-hint.ts";

interface DeadOptions extends ConnectionOptions {
  readonly namespace: string;
  readonly output?: "json";
  readonly headers: boolean;
}

const listDead = defineCommand<DeadOptions>({
  name: "list",
  summary: "list a broker's undeliverable events, with the reason",
  arguments: [{ name: "[broker]", description: "name of the broker (default: default)" }],
  options: [
    namespaceOption,
    { flags: "-o, --output <format>", description: "json: one object a line, with the data", parse: oneOf("json") },
    { flags: "--no-headers", description: "leave the table's head out" },
    ...connectionOptions,
  ],
  examples: ["rouse dead list", "rouse dead list default -o json"],
  async action([broker = "default"], options, context) {
    const client = await openAdmin(options, context);
    const lines: DeadLine[] = [];
    const path = `/-/dead/${options.namespace}/${encodeURIComponent(broker)}`;
    const named = { definition: kindOf("broker"), namespace: options.namespace, name: broker };
    await withNameHint(client, named, async () => {
      for await (const line of client.lines<DeadLine>(path)) {
        if (options.output === "json") context.stdout.write(`${JSON.stringify(line)}\n`);
        else lines.push(line);
      }
    });
    if (options.output === "json") return exitCodes.ok;
    if (lines.length === 0) context.stderr.write(`no dead events in ${options.namespace}/${broker}\n`);
    else context.stdout.write(renderDeadTable(lines, options.headers, context.clock.now()));
    return exitCodes.ok;
  },
});

export const deadCommand: CommandDefinition = {
  name: "dead",
  summary: "work with undeliverable events",
  examples: ["rouse dead list default"],
  commands: [listDead],
};
