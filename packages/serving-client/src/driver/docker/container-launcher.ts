import type { Readable } from "node:stream";
import type { Clock } from "@rouse/base";
import type Docker from "dockerode";
import type { Container } from "dockerode";
import type {
  Address,
  ContainerNetwork,
  ContainerProgram,
  InstanceObserver,
  Launch,
  LaunchOrder,
  RunningInstance,
} from "../driver.ts";
import type { FreePorts } from "../process/free-port.ts";
import { type ContainerPlan, containerBody, containerName } from "./container-body.ts";
import { superviseContainer } from "./container-instance.ts";
import type { ContainerRemoval } from "./container-removal.ts";
import type { ConnectedEngine, EngineConnection } from "./engine-connection.ts";
import {
  isLost,
  lacksBridge,
  lacksInit,
  lostRefusal,
  type Refusal,
  refused,
  startRefusal,
  statusOf,
} from "./engine-refusals.ts";
import type { AvailableEngine } from "./engine-state.ts";
import { firstProgram, placesOf } from "./image-command.ts";
import type { ImageStore } from "./image-store.ts";
import { chooseNetwork, type NetworkChoice } from "./network-choice.ts";
import type { Ownership } from "./ownership.ts";

/** Where a container listens that was told nothing else: Knative's default. */
const usualPort = 8080;

/** What a launcher is made of. */
export interface LauncherParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly connection: EngineConnection;
  readonly images: ImageStore;
  readonly removal: ContainerRemoval;
  readonly ports: FreePorts;
  /** For programs that name none. */
  readonly network: ContainerNetwork;
  readonly ownership: () => Promise<Ownership>;
  /** Of this machine's interfaces. */
  readonly ownAddresses: () => readonly string[];
}

/** A container that was started, and how. */
interface Started {
  readonly kind: "started";
  readonly container: Container;
  readonly output: Readable;
  readonly at: number;
}

/** What an engine turned out not to have. */
interface Lacking {
  readonly kind: "lacking";
  readonly what: "init" | "bridge";
}

/** Where an instance is reached. */
type Reach = Pick<RunningInstance, "addresses" | "readiness" | "addressOf">;

/** Makes containers and starts them. */
export class ContainerLauncher {
  private readonly parts: LauncherParts;
  /** Programs that were found in their images, as image and program. */
  private readonly present = new Set<string>();
  /** Turns false when the engine is found to have no init program. */
  private init = true;
  /** Turns false when the engine's bridge is found not to work. */
  private bridge = true;

  constructor(parts: LauncherParts) {
    this.parts = parts;
  }

  /** Fetches the image, and sets aside a port. Failures are told by the launch that meets them again. */
  async prepare(program: ContainerProgram): Promise<void> {
    const engine = await this.parts.connection.connect();
    if (engine.kind === "unavailable") return;
    void this.parts.ownership();
    if (engine.state.local) this.parts.ports.prepare();
    await this.parts.images.ensure(program, engine).catch(() => {});
  }

  async launch(order: LaunchOrder, program: ContainerProgram, observer: InstanceObserver): Promise<Launch> {
    const { connection, images, clock, removal } = this.parts;
    const engine = await connection.connect();
    if (engine.kind === "unavailable") return refused(engine.reason, `${engine.message}; ${engine.hint}`);
    const absent = await images.ensure(program, engine, order.signal).catch(() => notWanted());
    if (absent) return absent;
    const serves = order.workload.serviceName !== undefined;
    const network = this.networkOf(program, serves, engine.state);
    if (network.kind === "refused") return refused("NetworkUnavailable", network.message);
    const port = serves ? await this.portFor(program, network) : 0;
    if (port === undefined) return refused("NoFreePort", "no free loopback port was found between 20000 and 31999");
    const owner = await this.parts.ownership();
    const started = await this.start(engine, { order, program, network, port, owner });
    if (started.kind === "lacking") {
      this.bridge = false;
      return await this.launch(order, program, observer);
    }
    if (started.kind === "refused") return started;
    if (network.kind === "host") this.parts.ports.prepare();
    const { container, output, at } = started;
    const reach = port === 0 ? unreached : await this.reach(container, network, port);
    const instance = superviseContainer({
      ...reach,
      docker: engine.docker,
      container,
      output,
      connection,
      clock,
      observer,
      port,
      startedAt: at,
      hostNetwork: network.kind === "host",
      checksHealth: images.commandOf(program.image)?.checksHealth ?? false,
      graceMs: order.workload.graceMs,
      suspectMemory: engine.state.name === "podman" && program.memoryBytes !== undefined,
      remove: async () => void (await removal.remove(container.id)),
    });
    return { kind: "running", instance };
  }

  private networkOf(program: ContainerProgram, serves: boolean, state: AvailableEngine): NetworkChoice {
    const asked = program.network ?? this.parts.network;
    const usable = this.bridge || asked === "bridge" ? state : { ...state, networks: [] };
    // Asking for them takes its time, and without a bridge nobody wants to know.
    return chooseNetwork(asked, serves, usable, usable.networks.length > 0 ? this.parts.ownAddresses() : []);
  }

  private portFor(program: ContainerProgram, network: NetworkChoice): Promise<number | undefined> | number {
    // On our own network a port is everybody's: each instance gets one of its own.
    return network.kind === "host" ? this.parts.ports.take() : (program.port ?? usualPort);
  }

  /** Once more without an init program, when the engine turns out to have none. */
  private async start(
    engine: ConnectedEngine,
    plan: Omit<ContainerPlan, "init">,
  ): Promise<Started | Refusal | Lacking> {
    const first = await this.attempt(engine, { ...plan, init: this.init });
    if (first.kind !== "lacking" || first.what !== "init") return first;
    this.init = false;
    return await this.attempt(engine, { ...plan, init: false });
  }

  private async attempt(engine: ConnectedEngine, plan: ContainerPlan): Promise<Started | Refusal | Lacking> {
    const { connection, clock, removal, random } = this.parts;
    const { program, order } = plan;
    const unique = Math.floor(random() * 36 ** 6).toString(36);
    const name = containerName(order, unique);
    let container: Container | undefined;
    let output: Readable | undefined;
    try {
      container = await this.create(engine, plan, name);
      const attached = await connection.call(container.attach({ stream: true, stdout: true, stderr: true }));
      output = attached as unknown as Readable;
      // Read from later on; without a listener an engine that goes away in between would end us.
      output.on("error", () => {});
      const absent = plan.init ? await this.absentProgram(container, plan) : undefined;
      if (absent) throw new Refused(absent);
      if (order.signal?.aborted) throw new Refused(notWanted());
      await connection.call(container.start());
      return { kind: "started", container, output, at: clock.monotonic() };
    } catch (failure) {
      output?.destroy();
      // Without an answer it may have been made all the same; by its name it is found.
      if (container || isLost(failure)) void removal.remove(container?.id ?? name);
      if (failure instanceof Refused) return failure.refusal;
      const lost = lostRefusal(engine.state.endpoint, failure);
      if (lost) return lost;
      if (plan.init && lacksInit(failure)) return { kind: "lacking", what: "init" };
      if (plan.network.kind !== "host" && this.bridge && lacksBridge(failure) && this.mayAvoidBridge(program)) {
        return { kind: "lacking", what: "bridge" };
      }
      return startRefusal(program.image, program.command, failure);
    }
  }

  private mayAvoidBridge(program: ContainerProgram): boolean {
    return (program.network ?? this.parts.network) === "auto";
  }

  /**
   * A refusal when the image has no program of that name. The engine starts its own init, which only says so in the container's
   * output. Asked once for each program, before its first start. Never rejects.
   */
  private async absentProgram(container: Container, { program, order }: ContainerPlan): Promise<Refusal | undefined> {
    const image = this.parts.images.commandOf(program.image);
    if (!image) return undefined;
    const name = firstProgram(program, image);
    if (name === undefined || this.present.has(`${program.image} ${name}`)) return undefined;
    const looks = placesOf(name, image, order.workload.env.PATH).map(async (path) => {
      try {
        await this.parts.connection.call(container.infoArchive({ path }));
        return true;
      } catch (failure) {
        return statusOf(failure) !== 404;
      }
    });
    if (!(await Promise.all(looks)).includes(true))
      return refused("CommandNotFound", `"${name}" was not found in image ${program.image}`);
    this.present.add(`${program.image} ${name}`);
    return undefined;
  }

  /** An image that was here at the last start and is not any more is fetched again. */
  private async create(engine: ConnectedEngine, plan: ContainerPlan, name: string): Promise<Container> {
    const { connection, images } = this.parts;
    const { program, order } = plan;
    // Both apart: all that the client is given otherwise becomes part of the URL, too.
    const call = { _query: { name }, _body: containerBody(plan) } as unknown as Docker.ContainerCreateOptions;
    const create = () => connection.call(engine.docker.createContainer({ ...call }));
    try {
      return await create();
    } catch (failure) {
      if (statusOf(failure) !== 404) throw failure;
      images.forget(program.image);
      const absent = await images.ensure(program, engine, order.signal).catch(() => notWanted());
      if (absent) throw new Refused(absent);
      return await create();
    }
  }

  private async reach(container: Container, network: NetworkChoice, port: number): Promise<Reach> {
    if (network.kind === "host") {
      return {
        addresses: ["127.0.0.1", "::1"].map((host) => ({ host, port })),
        readiness: "connection",
        addressOf: (found) => ({ host: "127.0.0.1", port: found }),
      };
    }
    const seen = await this.parts.connection.call(container.inspect()).catch(() => undefined);
    if (network.kind === "address") {
      const host = Object.values(seen?.NetworkSettings.Networks ?? {}).find(({ IPAddress }) => IPAddress)?.IPAddress;
      if (!host) return unreached;
      return { addresses: [{ host, port }], readiness: "connection", addressOf: (found) => ({ host, port: found }) };
    }
    const bound = Number(seen?.NetworkSettings.Ports?.[`${port}/tcp`]?.[0]?.HostPort);
    if (!bound) return unreached;
    const address: Address = { host: "127.0.0.1", port: bound };
    // The engine's proxy accepts before anything listens behind it.
    return { addresses: [address], readiness: "answer", addressOf: (found) => (found === port ? address : undefined) };
  }
}

const unreached: Reach = { addresses: [], readiness: "connection", addressOf: () => undefined };

/** A start that came to nothing for a reason of its own. */
class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

function notWanted(): Refusal {
  return refused("NotWanted", "it was stopped before it was started");
}
