import { type ChildProcess, spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import type { Clock } from "@rouse/base";
import type {
  Driver,
  InstanceExit,
  InstanceObserver,
  Launch,
  Launchable,
  LaunchOrder,
  ProcessProgram,
  RunningInstance,
} from "../driver.ts";
import { childEnvironment } from "./environment.ts";
import { FreePorts } from "./free-port.ts";
import { LineSplitter } from "./line-splitter.ts";
import { GroupPorts } from "./listening-ports.ts";
import { OrphanGuard } from "./orphan-guard.ts";
import { emptyGroup, signalGroup } from "./process-group.ts";

/** Output that is still in the pipe when a child exits is read before its exit is told, but not for longer than this: grandchildren may hold the pipe open. */
const lastWordsMs = 50;

/** What {@link createProcessDriver} needs. */
export interface ProcessDriverOptions {
  readonly clock: Clock;
  /** Numbers in [0, 1), for choosing ports. */
  readonly random: () => number;
  /** Our own environment, of which a child sees PATH, HOME, LANG, TZ and TMPDIR; default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs instances as local processes: without a shell, each the leader of a process group of its own, so that what it
 * starts ends with it. When our process exits or is killed without having stopped them, the groups that still run are ended.
 */
export function createProcessDriver(options: ProcessDriverOptions): Driver {
  const { clock, random, environment = process.env } = options;
  const ports = new FreePorts(random);
  const guard = new OrphanGuard();
  return {
    async launch(order: LaunchOrder, observer: InstanceObserver): Promise<Launch> {
      const { workload } = order;
      if (workload.program.kind !== "process")
        return refused("NoDriver", "a container cannot be run as a local process");
      const { program: asked } = workload;
      const port = workload.serviceName === undefined ? 0 : await ports.take();
      if (port === undefined) return refused("NoFreePort", "no free loopback port was found between 20000 and 31999");
      if (order.signal?.aborted) return refused("NotWanted", "it was stopped before it was started");
      const [program = "", ...args] = asked.command;
      const env = childEnvironment(environment, workload, port);
      let child: ChildProcess;
      try {
        child = spawn(program, args, { cwd: asked.workdir, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      } catch (failure) {
        return explainRefusal(failure as NodeJS.ErrnoException, asked, workload.env, env.PATH);
      }
      if (child.pid === undefined) return explainRefusal(await spawnFailure(child), asked, workload.env, env.PATH);
      if (port !== 0) ports.prepare();
      return { kind: "running", instance: supervise(child, child.pid, port, observer, workload.graceMs, clock, guard) };
    },
    prepare(program) {
      if (program.kind === "process") ports.prepare();
    },
  };
}

function supervise(
  child: ChildProcess,
  group: number,
  port: number,
  observer: InstanceObserver,
  leftoverGraceMs: number,
  clock: Clock,
  guard: OrphanGuard,
): RunningInstance {
  guard.add(group);
  const startedAt = clock.monotonic();
  const listening = new GroupPorts(group);
  let killAt: number | undefined;
  let exited = false;
  const splitters = (["stdout", "stderr"] as const).map((name) => {
    const splitter = new LineSplitter((text) => {
      if (!exited) observer.line(name, text);
    });
    child[name]?.on("data", (chunk: Buffer) => splitter.push(chunk));
    return splitter;
  });
  const gone = ended(child, clock).then(async (exit) => {
    for (const splitter of splitters) splitter.end();
    exited = true;
    // The pid is a group id as long as a member lives: what the leader left behind gets the rest of the grace.
    const unasked = killAt === undefined && signalGroup(group, "SIGTERM");
    // Whoever of them is frozen would not see the other signal.
    if (unasked) signalGroup(group, "SIGCONT");
    const graceMs = unasked ? leftoverGraceMs : Math.max(0, (killAt ?? 0) - clock.monotonic());
    if (unasked) observer.exited(exit);
    await emptyGroup(group, graceMs, clock);
    for (const pipe of [child.stdout, child.stderr]) pipe?.destroy();
    guard.remove(group);
    if (!unasked) observer.exited(exit);
  });
  return {
    handle: `pid ${group}`,
    port,
    addresses: port === 0 ? [] : ["127.0.0.1", "::1"].map((host) => ({ host, port })),
    gone,
    stop(graceMs) {
      if (exited || killAt !== undefined) return;
      killAt = clock.monotonic() + graceMs;
      signalGroup(group, "SIGTERM");
      signalGroup(group, "SIGCONT");
      const kill = clock.setTimer(graceMs, () => signalGroup(group, "SIGKILL"));
      void gone.then(() => kill.cancel());
    },
    readiness: "connection",
    startedAt,
    listeningPorts: () => listening.look(),
    addressOf: (found) => ({ host: listening.hostOf(found), port: found }),
    freeze: async () => !exited && signalGroup(group, "SIGSTOP"),
    thaw: async () => !exited && signalGroup(group, "SIGCONT"),
  };
}

/** Resolves when the process has ended and its output was read, as far as that ends soon. */
function ended(child: ChildProcess, clock: Clock): Promise<InstanceExit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      const tell = () => resolve({ code: code ?? undefined, signal: signal ?? undefined });
      const timer = clock.setTimer(lastWordsMs, tell);
      child.once("close", () => {
        timer.cancel();
        tell();
      });
    });
  });
}

/** A child without a pid tells why in its error event. */
function spawnFailure(child: ChildProcess): Promise<NodeJS.ErrnoException> {
  return new Promise((resolve) => child.once("error", resolve));
}

/** ENOENT is what a missing working directory gives as well as a missing command. */
async function explainRefusal(
  failure: NodeJS.ErrnoException,
  { command, workdir }: ProcessProgram,
  declared: Launchable["env"],
  path: string | undefined,
): Promise<Launch> {
  const program = command[0] ?? "";
  const folder = await stat(workdir).catch(() => undefined);
  if (!folder) return refused("WorkdirNotFound", `workdir "${workdir}" does not exist`);
  if (!folder.isDirectory()) return refused("WorkdirNotFound", `workdir "${workdir}" is not a directory`);
  if (failure.code === "ENOENT") {
    const where = program.includes("/") ? `looked from ${workdir}` : `looked in PATH ${path ?? "(not set)"}`;
    return refused("CommandNotFound", `command "${program}" was not found; ${where}`);
  }
  if (failure.code === "EACCES") return refused("CommandNotExecutable", `command "${program}" is not executable`);
  // Node's own words quote the value, which may be secret.
  const name = Object.entries(declared ?? {}).find(([, value]) => value.includes("\0"))?.[0];
  if (name !== undefined)
    return refused("EnvironmentInvalid", `the variable ${name} has a NUL byte, which none can have`);
  return refused("StartFailed", `command "${program}" could not be started: ${failure.message}`);
}

function refused(reason: string, message: string): Launch {
  return { kind: "refused", reason, message };
}
