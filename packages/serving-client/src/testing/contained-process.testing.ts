import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lifeline } from "./lifeline.testing.ts";

/** What {@link startContained} starts. */
export interface ContainedOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folders of libraries that the machine lacks; a variable for the loader would not reach all descendants. */
  readonly libraries: readonly string[];
  /** Folders of the machine that it shall neither see nor write to. */
  readonly hidden: readonly string[];
  readonly folder: string;
  /** Gets stdout and stderr; emptied first. */
  readonly logFile: string;
  /** The init of the namespace: reaps what the daemon leaves and passes signals on. */
  readonly init: string;
  readonly lifeline: Lifeline;
}

/** A daemon that cannot leave anything behind. */
export interface ContainedProcess {
  /** How it ended; undefined while it runs. */
  readonly ended: string | undefined;
  /** Resolves when it has ended, with how; never rejects. */
  readonly exited: Promise<string>;
  /** Sends a signal and waits until it and all its descendants have ended; SIGKILL follows after 20 seconds. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

const patienceMs = 20_000;

/**
 * What is prepared in the mount namespace: an empty folder over each that the daemon would write to whatever it is told, and
 * a list of libraries for the loader, with the machine's own first.
 */
const prelude = `
list="$1"; libraries="$2"; hidden="$3"; shift 3
for place in $hidden; do mount -t tmpfs -o mode=755 tmpfs "$place" || exit 1; done
[ -z "$libraries" ] || { ldconfig -X -C "$list" $libraries && mount --bind "$list" /etc/ld.so.cache; } || exit 1
exec "$@"`;

/**
 * Starts a daemon in process and mount namespaces of its own. The kernel then ends all of its descendants together with it,
 * the shims of containers included, which leave its process group, and no mount of it is seen outside.
 */
export async function startContained(options: ContainedOptions): Promise<ContainedProcess> {
  const { program, args, env, libraries, hidden, folder, logFile, init, lifeline } = options;
  const log = openSync(logFile, "w", 0o600);
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const prepared = [
    "/bin/sh",
    "-c",
    prelude,
    "prelude",
    join(folder, "libraries"),
    libraries.join(" "),
    hidden.join(" "),
  ];
  const child = spawn("unshare", [...namespaces, ...prepared, init, "--", program, ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  await once(child, "spawn");
  lifeline.hold(child.pid);
  let ended: string | undefined;
  const exited = once(child, "exit").then(([code, signal]) => {
    lifeline.hold(undefined);
    ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
    return ended;
  });
  return {
    get ended() {
      return ended;
    },
    exited,
    async end(signal) {
      if (ended !== undefined) return;
      send(signal, child.pid!);
      const hard = setTimeout(() => send("SIGKILL", child.pid!), patienceMs);
      await exited;
      clearTimeout(hard);
    },
  };
}

/** To the init alone: its parent then ends after the last process of the namespace, and is what is waited for. */
function send(signal: NodeJS.Signals, parent: number): void {
  try {
    const [init] = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").split(" ");
    process.kill(init ? Number(init) : -parent, signal);
  } catch {
    // It ended in between, which is what was wanted.
  }
}
