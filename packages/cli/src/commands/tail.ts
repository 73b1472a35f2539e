import type { TailLine } from "@rouse/server";
import { openAdmin } from "../admin/client.ts";
import { defineCommand } from "../command.ts";
import { wantsColor } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ConnectionOptions, connectionOptions, namespace, oneOf, wholeNumber } from "../options.ts";
import { colored, plain } from "../render/paint.ts";
import { createTimelineRenderer } from "../render/timeline.ts";

interface TailOptions extends ConnectionOptions {
  readonly namespace?: string;
  readonly broker?: string;
  readonly limit: number | string;
  readonly follow: boolean;
  readonly output?: "json";
}

export const tailCommand = defineCommand<TailOptions>({
  name: "tail",
  summary: "show what happens to events, as it happens",
  options: [
    { flags: "-n, --namespace <name>", description: "only of this namespace", parse: namespace },
    { flags: "--broker <name>", description: "only of brokers of this name" },
    {
      flags: "--limit <lines>",
      description: "how many lines of the past, at most 1000",
      default: "50",
      parse: wholeNumber(0),
    },
    { flags: "--no-follow", description: "end after the past" },
    { flags: "-o, --output <format>", description: "json: one object a line", parse: oneOf("json") },
    ...connectionOptions,
  ],
  examples: ["rouse tail", "rouse tail --broker default --limit 200 --no-follow", "rouse tail -o json | jq ."],
  async action(_args, options, context) {
    const client = await openAdmin(options, context);
    const query = new URLSearchParams({ limit: String(options.limit), follow: String(options.follow) });
    if (options.namespace !== undefined) query.set("namespace", options.namespace);
    if (options.broker !== undefined) query.set("broker", options.broker);
    const renderer = createTimelineRenderer(wantsColor(context, context.stdout) ? colored : plain);
    for await (const line of client.lines<TailLine>(`/-/tail?${query}`)) {
      context.stdout.write(options.output === "json" ? `${JSON.stringify(line)}\n` : renderer.render(line));
    }
    return exitCodes.ok;
  },
});
