import { constants } from "node:os";
import type { InstanceExit } from "../driver.ts";

/** What is known of a container's end. */
export interface ContainerEnd {
  /** As the engine says it: 128 + n when signal n ended it; undefined when the engine cannot tell any more. */
  readonly status: number | undefined;
  /** The engine's word on it. */
  readonly oomKilled: boolean;
  /** We ended it with SIGKILL ourselves. */
  readonly killed: boolean;
  /** It had a limit of memory, and the engine does not tell when that was what ended it (Podman). */
  readonly suspectMemory: boolean;
  /** We ended it because its health check failed: what the last one said. */
  readonly unhealthy: string | undefined;
}

const killedStatus = 128 + constants.signals.SIGKILL;

/** The exit of an instance, from what its engine says. */
export function containerExit(end: ContainerEnd): InstanceExit {
  const { status, oomKilled, killed, suspectMemory, unhealthy } = end;
  const exit = { code: status, signal: status === undefined ? undefined : signalName(status - 128) };
  if (unhealthy !== undefined) return { ...exit, unhealthy };
  if (status === undefined) return exit;
  // A container goes on when only a child of its program is killed for memory: the mark alone says nothing about its end.
  const outOfMemory = status !== 0 && !killed && (oomKilled || (suspectMemory && status === killedStatus));
  return outOfMemory ? { ...exit, outOfMemory } : exit;
}

function signalName(number: number): string | undefined {
  // SIGABRT and SIGIOT are one number: the first name is the usual one.
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
