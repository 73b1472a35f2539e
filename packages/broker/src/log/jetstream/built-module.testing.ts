import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** Runs a module of this folder's built form in a process of its own; `script` has it as `subject`. */
export async function runBuilt(module: string, script: string, ...args: string[]) {
  const url = new URL(`../../../dist/log/jetstream/${module}.js`, import.meta.url);
  const source = `import * as subject from ${JSON.stringify(url.href)};\n${script}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return { printed: printed.trim(), code: code as number | null };
}
