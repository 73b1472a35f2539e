import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { socketInodes } from "./proc-files.ts";
import { groupMembers } from "./process-group.ts";

const listenState = "0A";
const anyHosts: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);
const loopback = "127.0.0.1";
/** Where there is no /proc. */
const lsofTimeoutMs = 2_000;

/** A socket in state LISTEN. */
export interface ListeningSocket {
  readonly host: string;
  readonly port: number;
}

/** The sockets in state LISTEN of a `/proc/<pid>/net/tcp` or `tcp6` table: inode to port. */
export function parseListening(table: string): ReadonlyMap<string, number> {
  return new Map([...parseSockets(table)].map(([inode, { port }]) => [inode, port]));
}

/** The same, with where they listen. */
export function parseSockets(table: string): ReadonlyMap<string, ListeningSocket> {
  const sockets = new Map<string, ListeningSocket>();
  for (const line of table.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [local, state, inode] = [fields[1], fields[3], fields[9]];
    if (state !== listenState || local === undefined || inode === undefined) continue;
    const [address = "", port = ""] = local.split(":");
    sockets.set(inode, { host: hostOf(address), port: Number.parseInt(port, 16) });
  }
  return sockets;
}

/** What `lsof -F n` prints about sockets in state LISTEN: `n127.0.0.1:3000`, `n*:3000`, `n[::1]:3000`. */
export function parseLsof(output: string): ListeningSocket[] {
  return output.split("\n").flatMap((line) => {
    const found = /^n(.*):(\d+)$/.exec(line);
    if (!found) return [];
    const host = (found[1] ?? "").replace(/^\[|\]$/g, "");
    return [{ host: host === "*" ? "0.0.0.0" : host, port: Number(found[2]) }];
  });
}

/** The ports on which these processes listen, ascending; they share our network. Empty where that cannot be seen. Costs 10-20 ms. */
export async function listeningPortsOf(members: readonly number[]): Promise<readonly number[]> {
  const listening = await listeningHere();
  if (!listening) return [];
  const inodes = (await Promise.all(members.map(socketInodes))).flat();
  const ports = new Set(inodes.map((inode) => listening.get(inode)?.port).filter((port) => port !== undefined));
  return [...ports].sort((a, b) => a - b);
}

/**
 * Where one process group listens. A look costs 10-20 ms only when somebody on the machine began to listen since the
 * last one, and what reading the system's table of sockets costs otherwise (milliseconds where there are many connections), so that looking does not hold up a start.
 */
export class GroupPorts {
  private readonly group: number;
  /** Sockets that were found to be of others. */
  private foreign: ReadonlySet<string> = new Set();
  private last: ReadonlyMap<number, string> = new Map();

  constructor(group: number) {
    this.group = group;
  }

  /** The ports on which it listens now, ascending; empty when that cannot be seen. */
  async look(): Promise<readonly number[]> {
    const sockets = (await this.fromProc()) ?? (await listed(this.group));
    const hosts = new Map<number, string>();
    for (const { host, port } of sockets) hosts.set(port, nearest(hosts.get(port), host));
    this.last = hosts;
    return [...hosts.keys()].sort((a, b) => a - b);
  }

  /** Where to connect to for a port; a port that the last look did not see is taken to be on loopback. */
  hostOf(port: number): string {
    return this.last.get(port) ?? loopback;
  }

  private async fromProc(): Promise<readonly ListeningSocket[] | undefined> {
    const listening = await listeningHere();
    if (!listening) return undefined;
    if ([...listening.keys()].every((inode) => this.foreign.has(inode))) return [];
    const members = (await groupMembers(this.group)) ?? [];
    const own = new Set((await Promise.all(members.map(socketInodes))).flat());
    // Without a member to look at nothing was learned.
    if (members.length > 0) this.foreign = new Set([...listening.keys()].filter((inode) => !own.has(inode)));
    return [...listening].filter(([inode]) => own.has(inode)).map(([, socket]) => socket);
  }
}

/** All sockets that listen in our network, by inode; undefined where there is no /proc. */
async function listeningHere(): Promise<ReadonlyMap<string, ListeningSocket> | undefined> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/self/net/${name}`, "utf8").catch(() => undefined)),
  );
  if (tables[0] === undefined) return undefined;
  return new Map(tables.flatMap((table) => [...parseSockets(table ?? "")]));
}

/** Loopback reaches a port that is listened on everywhere; of two addresses the IPv4 one is tried. */
function nearest(known: string | undefined, host: string): string {
  const reached = anyHosts.has(host) ? loopback : host;
  return known === undefined || reached === loopback ? reached : known;
}

/** The kernel writes addresses as 32-bit words in the byte order of the machine, which is little-endian wherever this runs. */
function hostOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)));
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.every((byte) => byte === 0)) return "::";
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return "::1";
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join(".");
  const pairs = Array.from({ length: 8 }, (_, n) => (bytes[2 * n] ?? 0) * 256 + (bytes[2 * n + 1] ?? 0));
  return pairs.map((pair) => pair.toString(16)).join(":");
}

/** Asks the tool that macOS has for it; it exits with 1 when nothing listens. */
function listed(group: number): Promise<readonly ListeningSocket[]> {
  const args = ["-nP", "-a", "-g", String(group), "-iTCP", "-sTCP:LISTEN", "-Fn"];
  return new Promise((resolve) => {
    execFile("lsof", args, { timeout: lsofTimeoutMs }, (failure, stdout) => resolve(failure ? [] : parseLsof(stdout)));
  });
}
