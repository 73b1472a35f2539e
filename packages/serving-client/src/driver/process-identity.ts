import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/** What tells a process from all others, for as long as that can be told: `<machine>/<boot>/<pid namespace>/<pid>/<start>`. */
export interface ProcessIdentity {
  readonly machine: string;
  /** Changes with every start of the machine; empty where that is not known. */
  readonly boot: string;
  /** Process ids mean something only within it; empty where there is none. */
  readonly namespace: string;
  readonly pid: number;
  /** In ticks since the boot: a process id is used again. Empty where that is not known. */
  readonly start: string;
}

/** As text, as labels and records carry it. */
export function writeIdentity({ machine, boot, namespace, pid, start }: ProcessIdentity): string {
  return [machine.replaceAll("/", "-"), boot, namespace, pid, start].join("/");
}

/** From its text; undefined when it is none of ours. */
export function readIdentity(text: string | undefined): ProcessIdentity | undefined {
  const [machine, boot, namespace, pid, start, ...more] = (text ?? "").split("/");
  if (machine === undefined || boot === undefined || namespace === undefined || start === undefined) return undefined;
  if (more.length > 0 || !/^\d+$/.test(pid ?? "")) return undefined;
  return { machine, boot, namespace, pid: Number(pid), start };
}

/** What is seen from here of the process that an identity names: how it started, or that there is none of that id. */
export type SeenProcess = { readonly kind: "runs"; readonly start: string } | { readonly kind: "absent" };

/**
 * Whether the process of an identity has ended. `unknown` when that cannot be seen from here: it ran on another machine, or in
 * another container.
 */
export function hasEnded(it: ProcessIdentity, own: ProcessIdentity, seen: SeenProcess): "ended" | "runs" | "unknown" {
  if (it.machine !== own.machine) return "unknown";
  if (it.boot !== own.boot) return "ended";
  if (it.namespace !== own.namespace) return "unknown";
  if (seen.kind === "absent") return "ended";
  return it.start !== "" && seen.start !== "" && it.start !== seen.start ? "ended" : "runs";
}

/** Our own identity. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  return {
    machine: hostname().replaceAll("/", "-"),
    boot: boot.trim(),
    namespace: /\d+/.exec(namespace)?.[0] ?? "",
    pid: process.pid,
    start: (await statusOf(process.pid)).start,
  };
}

/** Looks for a process of this machine. */
export async function seeProcess(pid: number): Promise<SeenProcess> {
  try {
    process.kill(pid, 0);
  } catch (failure) {
    // EPERM: somebody else's, but there.
    if ((failure as NodeJS.ErrnoException).code === "ESRCH") return { kind: "absent" };
  }
  const { state, start } = await statusOf(pid);
  return state === "Z" || state === "X" ? { kind: "absent" } : { kind: "runs", start };
}

async function statusOf(pid: number): Promise<{ readonly state: string; readonly start: string }> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The command, in parentheses, may contain spaces; the state follows it, the start is the 20th field after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", start: fields[19] ?? "" };
}
