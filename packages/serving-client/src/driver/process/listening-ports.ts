import { readdir, readFile, readlink } from "node:fs/promises";
import { groupMembers } from "./process-group.ts";

const listenState = "0A";

/** The sockets in state LISTEN of a `/proc/<pid>/net/tcp` or `tcp6` table: inode to port. */
export function parseListening(table: string): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const line of table.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [local, state, inode] = [fields[1], fields[3], fields[9]];
    if (state !== listenState || local === undefined || inode === undefined) continue;
    ports.set(inode, Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16));
  }
  return ports;
}

/** The ports on which a process group listens, ascending; empty where there is no /proc. Costs 10-20 ms: for messages only. */
export async function listeningPorts(group: number): Promise<readonly number[]> {
  const members = (await groupMembers(group)) ?? [];
  const first = members[0];
  if (first === undefined) return [];
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/${first}/net/${name}`, "utf8").catch(() => "")),
  );
  const listening = new Map(tables.flatMap((table) => [...parseListening(table)]));
  const inodes = (await Promise.all(members.map(socketInodes))).flat();
  const ports = new Set(inodes.map((inode) => listening.get(inode)).filter((port) => port !== undefined));
  return [...ports].sort((a, b) => a - b);
}

async function socketInodes(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  const links = await Promise.all(descriptors.map((fd) => readlink(`${folder}/${fd}`).catch(() => "")));
  return links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]).filter((inode) => inode !== undefined);
}
