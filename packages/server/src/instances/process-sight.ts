import {
  hasEnded,
  ownIdentity,
  type ProcessIdentity,
  readIdentity,
  seeProcess,
  writeIdentity,
} from "@rouse/serving-client";

/** What can be seen from here of the processes of an installation. */
export interface ProcessSight {
  /** Who this process is, for the others. */
  readonly own: Promise<string>;
  /** Whether it can be seen that a process has ended; false as well where nothing can be seen. Never rejects. */
  hasEnded(identity: string): Promise<boolean>;
}

/** Sees the processes of this machine. */
export function processSight(identity = ownIdentity(), see = seeProcess): ProcessSight {
  return {
    own: identity.then(writeIdentity),
    async hasEnded(text) {
      try {
        const it = readIdentity(text);
        const own = await identity;
        return it !== undefined && together(it, own) && hasEnded(it, own, await see(it.pid)) === "ended";
      } catch {
        return false;
      }
    },
  };
}

/**
 * Whether both run where process ids mean the same. The containers of an engine are all of one machine, the processes of a
 * register are not, and machines may share a name: only the boot tells those apart.
 */
function together(it: ProcessIdentity, own: ProcessIdentity): boolean {
  return own.boot !== "" && it.boot === own.boot && own.namespace !== "" && it.namespace === own.namespace;
}
