import { editorSchema } from "@rouse/resources";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

export const schemaCommand = defineCommand<Readonly<Record<string, never>>>({
  name: "schema",
  summary: "print a JSON schema of all kinds, for editors",
  description: "YAML editors read it from a comment in the manifest: # yaml-language-server: $schema=rouse.schema.json",
  examples: ["rouse schema > rouse.schema.json"],
  async action(_args, _options, context) {
    context.stdout.write(`${JSON.stringify(editorSchema(), null, 2)}\n`);
    return exitCodes.ok;
  },
});
