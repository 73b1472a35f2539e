import { type ChildProcess, spawn } from "node:child_process";
import { signalGroup } from "./process-group.ts";

/**
 * Reads `+ <group>` and `- <group>`; at the end of its input, which is our end whatever the cause, the groups that are
 * left get SIGTERM, go on if they are frozen, and get SIGKILL two seconds later. A shell, because it is a megabyte and is
 * there on Linux and macOS.
 */
export const guardScript = `
groups=""
while read -r sign group; do
  rest=""
  for each in $groups; do [ "$each" = "$group" ] || rest="$rest $each"; done
  groups="$rest"
  [ "$sign" = "+" ] && groups="$groups $group"
done
[ -z "$groups" ] && exit 0
for each in $groups; do kill -s TERM -- "-$each" 2>/dev/null; kill -s CONT -- "-$each" 2>/dev/null; done
sleep 2
for each in $groups; do kill -s KILL -- "-$each" 2>/dev/null; done
`;

/**
 * Sees to it that no process group outlives us: when we exit, the groups that still run are killed; when we are killed
 * ourselves, a watching shell does it. The shell is started with the first group and stays: starting one holds up everything,
 * and would do so in each cold start. Without /bin/sh the second half is missing.
 */
export class OrphanGuard {
  private readonly groups = new Set<number>();
  private shell: ChildProcess | undefined;
  private readonly killAll = () => {
    for (const group of this.groups) signalGroup(group, "SIGKILL");
  };

  add(group: number): void {
    if (this.groups.size === 0) process.once("exit", this.killAll);
    this.groups.add(group);
    // A later turn: the start that is under way is not to wait for a second one.
    setImmediate(() => this.tell());
  }

  remove(group: number): void {
    this.groups.delete(group);
    this.shell?.stdin?.write(`- ${group}\n`);
    if (this.groups.size === 0) process.removeListener("exit", this.killAll);
  }

  private tell(): void {
    if (this.groups.size === 0) return;
    this.shell ??= this.open();
    for (const group of this.groups) this.shell.stdin?.write(`+ ${group}\n`);
  }

  private open(): ChildProcess {
    const shell = spawn("/bin/sh", ["-c", guardScript], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: {},
    });
    shell.on("error", () => {});
    shell.once("exit", () => {
      this.shell = undefined;
    });
    shell.stdin?.on("error", () => {});
    shell.unref();
    return shell;
  }
}
