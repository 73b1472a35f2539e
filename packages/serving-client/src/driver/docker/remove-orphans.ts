import type { ContainerInfo } from "dockerode";
import { hasEnded, ownIdentity, readIdentity, seeProcess } from "../process-identity.ts";
import { labels } from "./container-body.ts";
import type { ContainerRemoval } from "./container-removal.ts";
import type { ConnectedEngine, EngineConnection } from "./engine-connection.ts";

/** Says whether an owner, as its label names it, still runs; undefined when that is not known. */
export type OwnerAlive = (owner: string) => Promise<boolean | undefined>;

/** What {@link removeOrphans} did. */
export interface OrphansRemoved {
  /** Names of containers that were removed. */
  readonly removed: readonly string[];
  /** Names of containers of this installation whose owner runs, or may run. */
  readonly left: readonly string[];
}

/** What is needed to find and remove orphans. */
export interface OrphansOptions {
  readonly connection: EngineConnection;
  readonly removal: ContainerRemoval;
  readonly installation: string;
  /** Asked where the process that made a container cannot be seen from here. */
  readonly ownerAlive: OwnerAlive | undefined;
}

/**
 * Removes the containers of an installation whose owner has ended: the process that its label names, of this boot of this
 * machine and with that start, is not there. Where that cannot be seen, `ownerAlive` decides; without its word a container is
 * left alone, since it may serve.
 */
export async function removeOrphans(options: OrphansOptions): Promise<OrphansRemoved> {
  const engine = await options.connection.connect();
  if (engine.kind === "unavailable") return { removed: [], left: [] };
  const removed: string[] = [];
  const left: string[] = [];
  const found = await listContainers(engine, options);
  await Promise.all(
    found.map(async (container) => {
      const gone = (await isOrphan(container, options)) && (await options.removal.remove(container.Id));
      (gone ? removed : left).push(container.Names[0]?.replace(/^\//, "") ?? container.Id);
    }),
  );
  return { removed: removed.sort(), left: left.sort() };
}

async function listContainers({ docker }: ConnectedEngine, options: OrphansOptions): Promise<readonly ContainerInfo[]> {
  const label = [`${labels.managedBy}=rouse`, `${labels.installation}=${options.installation}`];
  return await options.connection.call(docker.listContainers({ all: true, filters: { label } })).catch(() => []);
}

async function isOrphan({ Labels }: ContainerInfo, { ownerAlive }: OrphansOptions): Promise<boolean> {
  const maker = readIdentity(Labels[labels.process]);
  const verdict = maker ? hasEnded(maker, await ownIdentity(), await seeProcess(maker.pid)) : "unknown";
  if (verdict !== "unknown") return verdict === "ended";
  const owner = Labels[labels.owner];
  return owner !== undefined && (await ownerAlive?.(owner)) === false;
}
