import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { OptionDefinition } from "./command.ts";
import type { Context } from "./context.ts";
import { CliFault } from "./errors.ts";

/**
 * A secret from a file, or else the value of an environment variable; undefined when neither is given. White space
 * around it is left out.
 * @throws CliFault CLI_USAGE for a file that cannot be read, or has nothing in it.
 */
export async function readSecret(
  file: string | undefined,
  value: string | undefined,
  cwd: string,
): Promise<string | undefined> {
  if (file === undefined) return value?.trim() || undefined;
  const text = await readFile(resolve(cwd, file), "utf8").catch((failure: NodeJS.ErrnoException) => {
    const hint = "check the path and who may read it";
    throw new CliFault("CLI_USAGE", `${file} cannot be read: ${failure.code}`, { hint, cause: failure });
  });
  const secret = text.trim();
  // Taken for no secret at all, it would leave open what was meant to be closed.
  if (secret === "") throw new CliFault("CLI_USAGE", `expected a secret in ${file}, got an empty file`);
  return secret;
}

/** Names the token that the data plane of a server wants. */
export interface DataPlaneTokenOptions {
  readonly dataPlaneTokenFile?: string;
}

/** The option of those that send events or take them. */
export const dataPlaneTokenOption: OptionDefinition = {
  flags: "--data-plane-token-file <file>",
  description: "file with the token that the data plane wants of other machines (or ROUSE_DATA_PLANE_TOKEN)",
};

/** The token that the data plane wants; undefined when none is named. @throws CliFault CLI_USAGE */
export function dataPlaneToken(
  options: DataPlaneTokenOptions,
  { env, cwd }: Pick<Context, "env" | "cwd">,
): Promise<string | undefined> {
  return readSecret(options.dataPlaneTokenFile, env.ROUSE_DATA_PLANE_TOKEN, cwd);
}
