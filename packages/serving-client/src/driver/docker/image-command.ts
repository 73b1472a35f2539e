import { posix } from "node:path";
import type { ContainerProgram } from "../driver.ts";

/** What an image says about how it is run. */
export interface ImageCommand {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workdir: string;
  readonly path: string;
  /** It says how the health of its containers is checked. */
  readonly checksHealth: boolean;
}

/** What images without a PATH of their own get. */
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Reads the `Config` of an image. */
export function imageCommand(config: {
  readonly Entrypoint?: string | readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly WorkingDir?: string;
  readonly Env?: readonly string[] | null;
  readonly Healthcheck?: { readonly Test?: readonly string[] | null } | null;
}): ImageCommand {
  const { Entrypoint, Cmd, WorkingDir, Env, Healthcheck } = config;
  const check = Healthcheck?.Test?.[0];
  return {
    entrypoint: typeof Entrypoint === "string" ? [Entrypoint] : (Entrypoint ?? []),
    cmd: Cmd ?? [],
    workdir: WorkingDir || "/",
    path: Env?.find((it) => it.startsWith("PATH="))?.slice("PATH=".length) || usualPath,
    checksHealth: check !== undefined && check !== "NONE",
  };
}

/** The program that a container runs first; undefined when neither image nor service names one. */
export function firstProgram(program: ContainerProgram, image: ImageCommand): string | undefined {
  if (program.command?.[0] !== undefined) return program.command[0];
  return image.entrypoint[0] ?? program.args?.[0] ?? image.cmd[0];
}

/** Where in the image that program may be. */
export function placesOf(name: string, image: ImageCommand, declaredPath: string | undefined): readonly string[] {
  if (name.includes("/")) return [posix.resolve(image.workdir, name)];
  const folders = (declaredPath ?? image.path).split(":").filter((folder) => folder.startsWith("/"));
  return folders.map((folder) => posix.join(folder, name));
}
