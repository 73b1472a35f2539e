import type { Clock, Scope } from "@rouse/base";
import {
  createActivator,
  createDockerDriver,
  createKeeper,
  createProcessDriver,
  createTrafficActivator,
  type DockerDriver,
  type Driver,
  type Program,
  selectDriver,
  type WorkloadStatus,
} from "@rouse/serving-client";
import type { Logger } from "pino";
import type { ServerConfig } from "./config.ts";
import type { ContainerState } from "./instances/container-watch.ts";
import { openInstances } from "./instances/instances.ts";
import { processSight } from "./instances/process-sight.ts";
import { types } from "./reconcile/objects.ts";
import type { Storage } from "./storage.ts";

/** What the serving side is given. */
export interface ServingParts {
  readonly config: Pick<ServerConfig, "installation" | "containerSocket">;
  readonly storage: Pick<Storage, "register" | "store">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Pick<Logger, "info" | "warn">;
  /** What a service, or a revision of one, runs; known only once Services are reconciled. */
  readonly programOf: (key: string) => Program | undefined;
  /** Another process has events for a service, and this one can serve them. */
  readonly onWanted: (key: string) => void;
}

/** Everything that starts and ends instances: drivers, activator, keeper, and the places shared with other processes. The scope closes it. */
export function openServing(parts: ServingParts, scope: Scope) {
  const { clock, config, logger, onWanted, programOf, random, storage } = parts;
  const owner = `${process.pid}-${Math.floor(random() * 0xffffff).toString(16)}`;
  const containers = scope.use(
    createDockerDriver({
      clock,
      random,
      installation: config.installation,
      owner,
      ...(config.containerSocket !== undefined && { socketPath: config.containerSocket }),
    }),
  );
  const driver = selectDriver({
    process: createProcessDriver({ clock, random }),
    container: withoutOrphans(containers, logger),
  });
  // Processes tell each other what they run from the beginning, when that is nothing.
  let statusOf = (_key: string): WorkloadStatus | undefined => undefined;
  const instances = scope.use(
    openInstances({
      register: storage.register,
      clock,
      random,
      platform: `${process.platform}/${process.arch}`,
      programOf,
      sight: processSight(),
      services: () => instancesOf(storage.store, (key) => statusOf(key)),
      containers: async (): Promise<ContainerState> => {
        const engine = await containers.engine();
        return engine.kind === "available" ? { kind: "available" } : engine;
      },
      onWanted,
    }),
  );
  const { placement } = instances;
  const activator = scope.use(createTrafficActivator(createActivator({ driver, clock, random, placement })));
  statusOf = (key) => activator.status(key);
  activator.onChange(() => instances.hosts.changed());
  const keeper = createKeeper({ driver, clock, random });
  return { activator, hosts: instances.hosts, keeper };
}

/** Before its first container is started, those are ended that a killed process of this installation has left running. */
function withoutOrphans(containers: DockerDriver, logger: Pick<Logger, "info">): Driver {
  const removeThem = async () => {
    const { removed } = await containers.removeOrphans();
    if (removed.length > 0) logger.info({ removed }, "containers of an ended process were removed");
  };
  let looked: Promise<void> | undefined;
  const look = () => {
    looked ??= removeThem();
    return looked;
  };
  return {
    async launch(order, observer) {
      // The slots of the ended process may be free already: with its containers there would be more than max-scale.
      await look();
      return await containers.launch(order, observer);
    },
    prepare(program) {
      void look();
      containers.prepare?.(program);
    },
  };
}

/** The instances of this process, of the Services that have any. */
function instancesOf(store: Storage["store"], statusOf: (key: string) => WorkloadStatus | undefined) {
  const found: Record<string, WorkloadStatus["instances"]> = {};
  for (const { id } of store.list(types.service)) {
    const key = `${id.namespace}/${id.name}`;
    const instances = statusOf(key)?.instances;
    if (instances && instances.starting + instances.ready + instances.frozen > 0) found[key] = instances;
  }
  return found;
}
