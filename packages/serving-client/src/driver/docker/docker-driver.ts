import { networkInterfaces } from "node:os";
import type { Clock } from "@rouse/base";
import type { ContainerNetwork, Driver, InstanceObserver, Launch, LaunchOrder } from "../driver.ts";
import { FreePorts } from "../process/free-port.ts";
import { ownIdentity, writeIdentity } from "../process-identity.ts";
import { ContainerLauncher } from "./container-launcher.ts";
import { ContainerRemoval } from "./container-removal.ts";
import { EngineConnection } from "./engine-connection.ts";
import { refused } from "./engine-refusals.ts";
import type { EngineState } from "./engine-state.ts";
import { ImageStore } from "./image-store.ts";
import { type OrphansRemoved, type OwnerAlive, removeOrphans } from "./remove-orphans.ts";

/** What {@link createDockerDriver} needs. */
export interface DockerDriverOptions {
  readonly clock: Clock;
  /** Numbers in [0, 1), for ports and names. */
  readonly random: () => number;
  /** Name of the installation: containers of another one on the same engine are not touched. */
  readonly installation: string;
  /** Who we are in the installation, for labels. */
  readonly owner: string;
  /** Socket of the engine; default: DOCKER_HOST, else the usual sockets of Docker and Podman. */
  readonly socketPath?: string | undefined;
  /** For programs that name no network; default `auto`. */
  readonly network?: ContainerNetwork | undefined;
  /** Says whether another owner runs, where its process cannot be seen from here; undefined answers leave its containers alone. */
  readonly ownerAlive?: OwnerAlive;
  /** Addresses of this machine, by which it is seen whether a bridge is ours; default: those of its interfaces. */
  readonly ownAddresses?: () => readonly string[];
  /** Our own environment, of which DOCKER_HOST and XDG_RUNTIME_DIR are read; default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A driver of containers. Disposing it waits until ended containers are removed, not for those that run: stop them first. */
export interface DockerDriver extends Driver, AsyncDisposable {
  /** The engine, or why there is none. Looks for one when none is known. Never rejects. */
  engine(): Promise<EngineState>;
  /** Removes what an ended process of this installation left behind; to be called at the start. Never rejects. */
  removeOrphans(): Promise<OrphansRemoved>;
}

/**
 * Runs instances as containers of an engine that speaks the Docker Engine API: Docker or Podman. Nothing is loaded and nobody
 * is asked before something is wanted. A container outlives us when we are killed: the next start removes it, see
 * {@link DockerDriver.removeOrphans}.
 */
export function createDockerDriver(options: DockerDriverOptions): DockerDriver {
  const { clock, random, installation, owner, socketPath, environment = process.env } = options;
  const connection = new EngineConnection({ clock, socketPath, environment });
  const images = new ImageStore(connection, clock);
  const removal = new ContainerRemoval(connection);
  const ports = new FreePorts(random);
  let identity: Promise<string> | undefined;
  const ownership = async () => {
    // One that could not be found out is asked for again.
    identity ??= ownIdentity()
      .then(writeIdentity)
      .catch((failure: unknown) => {
        identity = undefined;
        throw failure;
      });
    return { installation, owner, process: await identity };
  };
  const launcher = new ContainerLauncher({
    clock,
    random,
    connection,
    images,
    removal,
    ports,
    network: options.network ?? "auto",
    ownership,
    ownAddresses: options.ownAddresses ?? interfaceAddresses,
  });
  return {
    async launch(order: LaunchOrder, observer: InstanceObserver): Promise<Launch> {
      const { program } = order.workload;
      if (program.kind !== "container") return refused("NoDriver", "a local process cannot be run as a container");
      return await launcher.launch(order, program, observer);
    },
    prepare: (program) => {
      if (program.kind === "container") void launcher.prepare(program);
    },
    async engine() {
      const engine = await connection.connect();
      return engine.kind === "connected" ? engine.state : engine;
    },
    removeOrphans: () => removeOrphans({ connection, removal, installation, ownerAlive: options.ownerAlive }),
    async [Symbol.asyncDispose]() {
      images.close();
      await removal.settled();
      connection.close();
    },
  };
}

function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
