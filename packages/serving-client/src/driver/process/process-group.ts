import { type Clock, sleep } from "@rouse/base";
import { processFile, scanProcesses } from "./proc-files.ts";

const pollMs = 10;
/** After SIGKILL a process may linger in an uninterruptible call; longer than this nobody waits for it. */
const killedWaitMs = 5_000;

/** Sends a signal to a whole process group; false when there is none (any more). */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (failure) {
    // EPERM: the group exists, but none of its members is ours to signal.
    return (failure as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The processes of a group that still run; undefined where the system does not list them (no /proc). */
export function groupMembers(group: number): Promise<readonly number[] | undefined> {
  return scanProcesses((pid) => (runsInGroup(pid, group) ? pid : undefined));
}

/** Waits until the group is empty; sends SIGKILL when it is not after `graceMs`. */
export async function emptyGroup(group: number, graceMs: number, clock: Clock): Promise<void> {
  if (await becomesEmpty(group, graceMs, clock)) return;
  signalGroup(group, "SIGKILL");
  await becomesEmpty(group, killedWaitMs, clock);
}

async function becomesEmpty(group: number, withinMs: number, clock: Clock): Promise<boolean> {
  const end = clock.monotonic() + withinMs;
  for (;;) {
    if (!(await isAlive(group))) return true;
    if (clock.monotonic() >= end) return false;
    await sleep(clock, pollMs);
  }
}

/** A zombie that nobody reaps keeps its group signalable for ever (containers without an init), so members are looked at. */
async function isAlive(group: number): Promise<boolean> {
  if (!signalGroup(group, 0)) return false;
  const members = await groupMembers(group);
  return members === undefined || members.length > 0;
}

function runsInGroup(pid: number, group: number): boolean {
  const stat = processFile(pid, "stat");
  // The command, in parentheses, may itself contain spaces and parentheses; the fields after the last one are plain.
  const [state, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return processGroup === String(group) && state !== "Z" && state !== "X";
}
