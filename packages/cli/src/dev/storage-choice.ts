import type { StorageConfig } from "@rouse/server";

/** Where a server keeps things, and what people are told about it. */
export interface StorageChoice {
  readonly storage: StorageConfig;
  readonly told: string;
}

/** Memory, which forgets. */
export function memoryStorage(why: string): StorageChoice {
  return { storage: { kind: "memory" }, told: `memory${why}: nothing survives a restart` };
}

/** A nats-server of our own. */
export function managedStorage(
  found: { readonly binary: string; readonly version: string },
  shown: string,
): StorageChoice {
  return {
    storage: { kind: "managed", binary: found.binary },
    told: `JetStream on a nats-server ${found.version} of its own, data in ${shown}`,
  };
}
