import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Clock, sleep } from "@rouse/base";

const run = promisify(execFile);
const pollMs = 10;
const patienceMs = 5000;

/**
 * Ends the nats-server that a killed predecessor left running on this folder. Only a process whose command line names
 * the folder's own configuration file is touched: the pid may long belong to somebody else.
 */
export async function endOrphan(storeDir: string, clock: Clock): Promise<void> {
  const file = join(storeDir, "nats-server.pid");
  const pid = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  if (!(pid > 1)) return;
  const config = join(storeDir, "nats-server.conf");
  const hardFrom = clock.monotonic() + patienceMs;
  for (let told = false; (await commandLine(pid)).includes(config); await sleep(clock, pollMs)) {
    const hard = clock.monotonic() > hardFrom;
    if (!told || hard) signal(pid, hard ? "SIGKILL" : "SIGTERM");
    told = true;
  }
  await rm(file, { force: true });
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
