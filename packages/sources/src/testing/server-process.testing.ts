import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";

/** What {@link startProcess} starts. */
export interface ProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** Removed when our process is killed while this one runs; otherwise its owner removes it. */
  readonly temporaryFolder?: string;
  /** Gets stdout and stderr; emptied first. */
  readonly logFile: string;
}

/** A server's process in a process group of its own. It is ended with us, also when we are killed. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when it has ended, with how; never rejects. */
  readonly exited: Promise<string>;
  /** Resolves when its log has the line; rejects with the last lines when it ends before, or after `timeoutMs`. */
  logged(line: RegExp, timeoutMs: number): Promise<void>;
  /** Sends a signal to the whole group and waits until it has ended; SIGKILL follows after 20 seconds. */
  end(signal: NodeJS.Signals): Promise<void>;
}

const pollMs = 20;
const patienceMs = 20_000;

/** Starts a process; fails when the program is not there. */
export async function startProcess(options: ProcessOptions): Promise<ServerProcess> {
  const { program, args, env, folder, logFile } = options;
  const log = openSync(logFile, "w", 0o600);
  const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  await once(child, "spawn");
  const lifeline = tieToUs(child, options.temporaryFolder);
  let ended: string | undefined;
  const exited = once(child, "exit").then(([code, signal]) => {
    lifeline.kill("SIGKILL");
    ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
    return ended;
  });
  return {
    pid: child.pid!,
    exited,
    async logged(line, timeoutMs) {
      const until = performance.now() + timeoutMs;
      for (;;) {
        const text = await readFile(logFile, "utf8");
        if (line.test(text)) return;
        if (ended !== undefined || performance.now() > until) {
          const what = ended === undefined ? `it was not there after ${timeoutMs} ms` : `it ended with ${ended}`;
          const last = text.trimEnd().split("\n").slice(-25).join("\n");
          throw new Error(`expected ${line} in the log of ${program}, ${what}:\n${last}`);
        }
        await pause(pollMs);
      }
    },
    async end(signal) {
      if (ended !== undefined) return;
      signalGroup(child, signal);
      const hard = setTimeout(() => signalGroup(child, "SIGKILL"), patienceMs);
      await exited;
      clearTimeout(hard);
    },
  };
}

/**
 * A shell that waits for the end of its input, which comes when our process ends, however it does, and then ends the
 * group and removes its folder. A handler of `exit` would not run when a test run is killed.
 */
function tieToUs(child: ChildProcess, temporaryFolder = ""): ChildProcess {
  const script = 'read -r nothing; kill -KILL "-$1"; [ -z "$2" ] || rm -rf -- "$2"';
  const lifeline = spawn("/bin/sh", ["-c", script, "lifeline", String(child.pid), temporaryFolder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  lifeline.unref();
  (lifeline.stdin as unknown as { unref(): void }).unref();
  return lifeline;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // It ended in between, which is what was wanted.
  }
}

/** Ports of the loopback address that were free just now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(probes.map((probe) => once(probe, "listening")));
  const ports = probes.map((probe) => (probe.address() as { port: number }).port);
  await Promise.all(probes.map((probe) => once(probe.close(), "close")));
  return ports;
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
