import { natsServers } from "../harness/nats.ts";
import type { DocumentStorage } from "./shell.ts";

/** Memory, and the newest nats-server of this machine when there is one, with a name for the test. */
export async function documentStorages(): Promise<readonly (readonly [string, DocumentStorage])[]> {
  const newest = (await natsServers()).at(-1);
  const memory = ["memory", { kind: "memory" }] as const;
  return newest ? [memory, [`nats-server ${newest.version}`, { kind: "nats", binary: newest.binary }]] : [memory];
}
