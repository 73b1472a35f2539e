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

/** Names the keys that a server seals Secrets with. */
export interface SecretKeyOptions {
  readonly secretKeyFile?: string;
  readonly secretKeyFilePrevious?: string;
}

/** The options of those that run a server. */
export const secretKeyOptions: readonly OptionDefinition[] = [
  {
    flags: "--secret-key-file <file>",
    description: "key that Secrets are sealed with, 32 bytes (ROUSE_SECRET_KEY_FILE)",
  },
  {
    flags: "--secret-key-file-previous <file>",
    description: "key before it, for what is not applied again yet (ROUSE_SECRET_KEY_FILE_PREVIOUS)",
  },
];

/** The key files, absolute; what is not named is not there. */
export function secretKeyFiles(
  options: SecretKeyOptions,
  { env, cwd }: Pick<Context, "env" | "cwd">,
): SecretKeyOptions {
  const current = options.secretKeyFile ?? (env.ROUSE_SECRET_KEY_FILE || undefined);
  const previous = options.secretKeyFilePrevious ?? (env.ROUSE_SECRET_KEY_FILE_PREVIOUS || undefined);
  return {
    ...(current === undefined ? {} : { secretKeyFile: resolve(cwd, current) }),
    ...(previous === undefined ? {} : { secretKeyFilePrevious: resolve(cwd, previous) }),
  };
}
