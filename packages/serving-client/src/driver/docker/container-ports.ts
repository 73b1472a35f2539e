import { readFile } from "node:fs/promises";
import { parseListening } from "../process/listening-ports.ts";
import { processFile, scanProcesses, socketInodes } from "../process/proc-files.ts";

/**
 * Where the processes of one container listen, as far as that can be seen from here: not when the engine runs elsewhere, and
 * on the host network not when we may not look at its processes. They are found by their cgroup, because the process ids that
 * an engine tells are its own, which need not be ours.
 */
export class ContainerPorts {
  private readonly id: string;
  private readonly hostNetwork: boolean;
  /** Sockets on the host network that were found to be of others: looking whose a socket is takes its time. */
  private foreign: ReadonlySet<string> = new Set();
  /** A process that is in the container's own network. */
  private witness: number | undefined;

  constructor(id: string, hostNetwork: boolean) {
    this.id = id;
    this.hostNetwork = hostNetwork;
  }

  /** The ports, ascending. */
  async look(): Promise<readonly number[]> {
    const ports = new Set(this.hostNetwork ? await this.onHostNetwork() : await this.onOwnNetwork());
    return [...ports].sort((a, b) => a - b);
  }

  /** In a network of its own everything that listens is the container's. */
  private async onOwnNetwork(): Promise<readonly number[]> {
    this.witness ??= (await processesOf(this.id))[0];
    if (this.witness === undefined) return [];
    const sockets = await socketsSeenBy(this.witness);
    // The process may have ended before the container did.
    if (sockets.size === 0) this.witness = undefined;
    return [...sockets.values()];
  }

  private async onHostNetwork(): Promise<readonly number[]> {
    const sockets = await socketsSeenBy("self");
    if ([...sockets.keys()].every((inode) => this.foreign.has(inode))) return [];
    const members = await processesOf(this.id);
    const own = new Set((await Promise.all(members.map(socketInodes))).flat());
    if (members.length > 0) this.foreign = new Set([...sockets.keys()].filter((inode) => !own.has(inode)));
    return [...sockets].filter(([inode]) => own.has(inode)).map(([, port]) => port);
  }
}

async function socketsSeenBy(pid: number | "self"): Promise<ReadonlyMap<string, number>> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/${pid}/net/${name}`, "utf8").catch(() => "")),
  );
  return new Map(tables.flatMap((table) => [...parseListening(table)]));
}

async function processesOf(container: string): Promise<readonly number[]> {
  const found = await scanProcesses((pid) => (processFile(pid, "cgroup").includes(container) ? pid : undefined));
  return found ?? [];
}
