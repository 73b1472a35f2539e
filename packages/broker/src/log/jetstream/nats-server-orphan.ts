import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Clock, sleep } from "@rouse/base";
import { LogFault } from "../../errors.ts";

const run = promisify(execFile);
const pollMs = 10;
const patienceMs = 5000;

/** The file with the pid of the process that started the server of a folder. */
export function ownerFile(storeDir: string): string {
  return join(storeDir, "owner.pid");
}

/**
 * Ends the nats-server that a killed predecessor left running on this folder. Only a process whose command line names
 * the folder's own configuration file is touched: the pid may long belong to somebody else. Throws NATS_SERVER_FAILED
 * when the one who started it still lives: a child whose parent died has another parent.
 */
export async function endOrphan(storeDir: string, clock: Clock): Promise<void> {
  const file = join(storeDir, "nats-server.pid");
  const pid = await readPid(file);
  if (pid === undefined) return;
  const config = join(storeDir, "nats-server.conf");
  const isOurs = async (): Promise<boolean> => (await commandLine(pid)).includes(config);
  const owner = await readPid(ownerFile(storeDir));
  if (owner !== undefined && (await isOurs()) && (await parentOf(pid)) === owner) {
    throw new LogFault(
      "NATS_SERVER_FAILED",
      `expected ${storeDir} to be free, process ${owner} runs nats-server on it`,
      {
        hint: "stop that process first, or use another folder",
      },
    );
  }
  const hardFrom = clock.monotonic() + patienceMs;
  for (let told = false; await isOurs(); await sleep(clock, pollMs)) {
    const hard = clock.monotonic() > hardFrom;
    if (!told || hard) signal(pid, hard ? "SIGKILL" : "SIGTERM");
    told = true;
  }
  await rm(file, { force: true });
}

async function readPid(file: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  return pid > 1 ? pid : undefined;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between, which is what was wanted.
  }
}

/** The command line of a process; empty when there is none. */
async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === "linux") return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
    return (await run("ps", ["-o", "command=", "-p", String(pid)])).stdout;
  } catch {
    return "";
  }
}

/** The parent of a process; undefined when there is no such process. */
async function parentOf(pid: number): Promise<number | undefined> {
  try {
    if (process.platform !== "linux") return Number((await run("ps", ["-o", "ppid=", "-p", String(pid)])).stdout);
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
