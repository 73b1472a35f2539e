import { openAdmin } from "../admin/client.ts";
import { defineCommand } from "../command.ts";
import { wantsColor } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ConnectionOptions, connectionOptions, namespaceOption, oneOf, wholeNumber } from "../options.ts";
import { type OutputLine, renderOutputLine } from "../render/output-line.ts";
import { colored, plain } from "../render/paint.ts";
import { kindOf } from "./kind-argument.ts";
import { withNameHint } from "./name-hint.ts";

interface LogsOptions extends ConnectionOptions {
  readonly namespace: string;
  readonly follow?: boolean;
  readonly limit: number | string;
  readonly timestamps?: boolean;
  readonly output?: "json";
}

export const logsCommand = defineCommand<LogsOptions>({
  name: "logs",
  summary: "show what the instances of a service print",
  arguments: [{ name: "<service>", description: "name of the service" }],
  options: [
    namespaceOption,
    { flags: "-f, --follow", description: "go on as more is printed" },
    {
      flags: "--limit <lines>",
      description: "how many lines of the past, at most 1000",
      default: "1000",
      parse: wholeNumber(0),
    },
    { flags: "--timestamps", description: "with the time of each line" },
    { flags: "-o, --output <format>", description: "json: one object a line", parse: oneOf("json") },
    ...connectionOptions,
  ],
  examples: ["rouse logs counter", "rouse logs counter -f --timestamps"],
  async action([service = ""], options, context) {
    const client = await openAdmin(options, context);
    const query = new URLSearchParams({ limit: String(options.limit), follow: String(options.follow === true) });
    const path = `/-/logs/${options.namespace}/${encodeURIComponent(service)}?${query}`;
    const paint = wantsColor(context, context.stdout) ? colored : plain;
    const named = { definition: kindOf("service"), namespace: options.namespace, name: service };
    await withNameHint(client, named, async () => {
      for await (const line of client.lines<OutputLine>(path)) {
        const text =
          options.output === "json" ? JSON.stringify(line) : renderOutputLine(line, paint, options.timestamps);
        context.stdout.write(`${text}\n`);
      }
    });
    return exitCodes.ok;
  },
});
