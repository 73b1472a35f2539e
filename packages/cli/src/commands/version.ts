import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

export const versionCommand = defineCommand<Readonly<Record<string, never>>>({
  name: "version",
  summary: "print the version",
  examples: ["rouse version"],
  async action(_args, _options, context) {
    const { version } = await context.server();
    context.stdout.write(`rouse ${version}\n`);
    return exitCodes.ok;
  },
});
