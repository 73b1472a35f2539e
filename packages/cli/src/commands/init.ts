import { mkdir, stat, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { defineCommand } from "../command.ts";
import { CliFault } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { starterFiles } from "../starter.ts";

export const initCommand = defineCommand<Readonly<Record<string, never>>>({
  name: "init",
  summary: "write a first manifest and function",
  description: "Writes eventing.yaml and hello.mjs; what is there already is never overwritten.",
  arguments: [{ name: "[folder]", description: "made when it is not there (default: .)" }],
  examples: ["rouse init", "rouse init my-events && cd my-events && rouse dev"],
  async action([folder = "."], _options, context) {
    const root = resolve(context.cwd, folder);
    for (const { name } of starterFiles) {
      const there = await stat(join(root, name)).catch(() => undefined);
      if (there) {
        const shown = relative(context.cwd, join(root, name));
        throw new CliFault("CLI_REFUSED", `${shown} is there already; nothing was written`, {
          hint: "name another folder: rouse init FOLDER",
        });
      }
    }
    await mkdir(root, { recursive: true });
    for (const { name, text } of starterFiles) {
      // Not over a file that came in between.
      await writeFile(join(root, name), text, { flag: "wx" });
      context.stdout.write(`wrote ${relative(context.cwd, join(root, name))}\n`);
    }
    const enter = folder === "." ? "" : `  cd ${folder}\n`;
    // npx tells of itself in the variables that it sets.
    const npx = context.env.npm_command === "exec";
    const rouse = npx ? "npx rouse" : "rouse";
    const clone = npx ? "" : "   (from a clone: npx rouse dev)";
    const there = folder === "." ? "" : ", in the same folder";
    context.stdout.write(`\nNext:\n${enter}  ${rouse} dev${clone}\n`);
    context.stdout.write(`and in another terminal${there}:\n  ${rouse} send -t com.example.hello -f name=Ada\n`);
    return exitCodes.ok;
  },
});
