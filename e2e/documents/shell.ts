import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pause } from "../harness/await-condition.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** A server drains for at most 25 s. */
const closeMs = 30_000;
/** Installing and building the checkout is the longest that a document asks for. */
const runMs = 150_000;
const program = join(root, "packages", "cli", "bin", "rouse.js");

/** Where the documents' servers keep what they store. */
export type DocumentStorage = { readonly kind: "memory" } | { readonly kind: "nats"; readonly binary: string };

/** A place in which a document's commands are run. */
export interface Shell {
  /** Everything that was printed so far, by all commands. */
  readonly output: () => string;
  /** Runs a script to its end; gives the folder it ended in. Rejects with the output when it fails. */
  run(script: string, cwd: string): Promise<string>;
  /** Starts a single command. */
  start(command: string, cwd: string): Background;
  /** Ends what still runs: after a failure, since otherwise nothing does. */
  close(): Promise<void>;
}

/** A command that runs until it is told to end. */
export interface Background {
  readonly command: string;
  readonly cwd: string;
  readonly child: ChildProcess;
  /** Resolves with `0`, or how else it ended. */
  readonly ended: Promise<number | string>;
}

/**
 * A shell with `rouse`, `npx rouse` and the checkout's `npm` scripts on its path, and with the given variables. Servers take
 * free ports and the given storage, whatever the document says, so that nothing else on the machine is in the way.
 */
export async function openShell(
  folder: string,
  storage: DocumentStorage,
  variables: Readonly<Record<string, string>> = {},
): Promise<Shell> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  // Scripts of examples find the checkout's libraries, as they do in its folder.
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const server = [
    "--data-plane",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
    ...(storage.kind === "memory" ? ["--memory"] : []),
  ];
  const rouse = [
    "#!/bin/sh",
    `case "$1" in dev|up) set -- "$@" ${server.join(" ")} ;; esac`,
    `exec "${process.execPath}" "${program}" "$@"`,
  ];
  await script(join(bin, "rouse"), rouse);
  await script(join(bin, "npx"), ["#!/bin/sh", 'test "$1" = rouse || exit 64', 'exec "$@"']);
  // Scripts of the checkout, called as if the document's folder were the checkout.
  await script(join(bin, "npm"), ["#!/bin/sh", `PATH="\${PATH#*:}" exec npm --prefix "${root}" "$@"`]);
  const { ROUSE_SERVER: _server, ROUSE_DATA_PLANE: _plane, FORCE_COLOR: _color, ...inherited } = process.env;
  const env = {
    ...inherited,
    ...variables,
    PATH: `${bin}:${process.env.PATH}`,
    ...(storage.kind === "nats" ? { ROUSE_NATS_SERVER: storage.binary } : {}),
  };
  const running = new Set<ChildProcess>();
  let output = "";

  const launch = (text: string, cwd: string): ChildProcess => {
    const child = spawn("/bin/sh", ["-e", "-c", text], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    }
    return child;
  };
  const endOf = async (child: ChildProcess): Promise<number | string> => {
    const [code, signal] = await once(child, "close");
    running.delete(child);
    return code ?? signal;
  };

  return {
    output: () => output,
    async run(text, cwd) {
      const place = join(folder, "pwd");
      const child = launch(`${text}\npwd > "${place}"`, cwd);
      const late = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), runMs);
      const end = await endOf(child).finally(() => clearTimeout(late));
      if (end !== 0) throw new Error(`expected exit code 0, got ${end}, from:\n${text}\n\nall output:\n${output}`);
      return (await readFile(place, "utf8")).trim();
    },
    start(command, cwd) {
      // A command may begin with variables, which exec alone does not take.
      const child = launch(`exec env ${command}`, cwd);
      return { command, cwd, child, ended: endOf(child) };
    },
    async close() {
      const ends = [...running].map((child) => once(child, "close"));
      for (const child of running) child.kill("SIGTERM");
      await Promise.race([Promise.all(ends), pause(closeMs)]);
      // What a killed server leaves behind (a nats-server in a group of its own) is ours as well.
      for (const id of (await processesIn(folder)) ?? []) killIfThere(id);
    },
  };
}

/** Processes whose working directory lies in the folder; undefined where the system does not list them (no /proc). */
export async function processesIn(folder: string): Promise<readonly number[] | undefined> {
  if (!existsSync("/proc/self/cwd")) return undefined;
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const cwd = await readlink(`/proc/${id}/cwd`).catch(() => "");
      return cwd === folder || cwd.startsWith(`${folder}/`) ? [Number(id)] : [];
    }),
  );
  return found.flat();
}

function killIfThere(id: number): void {
  try {
    process.kill(id, "SIGKILL");
  } catch {
    // Gone since it was listed.
  }
}

async function script(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, `${lines.join("\n")}\n`);
  await chmod(file, 0o755);
}
