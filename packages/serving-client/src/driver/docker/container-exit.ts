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
}

const killedStatus = 128 + constants.signals.SIGKILL;

/** The exit of an instance, from what its engine says. */
export function containerExit({ status, oomKilled, killed, suspectMemory }: ContainerEnd): InstanceExit {
  if (status === undefined) return { code: undefined, signal: undefined };
  // A container goes on when only a child of its program is killed for memory: the mark alone says nothing about its end.
  const outOfMemory = status !== 0 && !killed && (oomKilled || (suspectMemory && status === killedStatus));
  const exit = { code: status, signal: signalName(status - 128) };
  return outOfMemory ? { ...exit, outOfMemory } : exit;
}

function signalName(number: number): string | undefined {
  // SIGABRT and SIGIOT are one number: the first name is the usual one.
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
