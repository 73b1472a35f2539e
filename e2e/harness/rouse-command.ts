import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ServerProcess } from "./server-process.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("../../packages/cli/bin/rouse.js", import.meta.url));

/** What a `rouse` command prints when it is asked of a server; rejects when it fails. */
export async function rouseCommand(server: Pick<ServerProcess, "admin">, ...words: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [program, ...words, "--server", server.admin]);
  return stdout;
}
