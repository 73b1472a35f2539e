import { createHash } from "node:crypto";
import type { HostRecord, ProgramKind } from "./host-record.ts";

/**
 * The one process that gets an instance of a service ready for an expected event: one that has an instance, else one that
 * can run it; of several the one with the smallest hash of both names. Every process that sees the same records says the
 * same, with nothing written; undefined when none can.
 */
export function prewarmHost(hosts: readonly HostRecord[], key: string, kind: ProgramKind): string | undefined {
  const able = hosts.filter((host) => host.kinds.includes(kind));
  const having = able.filter((host) => {
    const counts = host.services[key];
    return counts !== undefined && counts.starting + counts.ready + counts.frozen > 0;
  });
  const candidates = having.length > 0 ? having : able;
  return candidates.map(({ id }) => ({ id, rank: rankOf(id, key) })).sort((a, b) => (a.rank < b.rank ? -1 : 1))[0]?.id;
}

function rankOf(id: string, key: string): string {
  return createHash("sha256").update(`${id} ${key}`).digest("hex");
}
