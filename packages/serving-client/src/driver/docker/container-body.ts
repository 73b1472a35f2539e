import type { ContainerProgram, Launchable, LaunchOrder } from "../driver.ts";
import type { NetworkChoice } from "./network-choice.ts";
import type { Ownership } from "./ownership.ts";

/** Threads count too; far above what a program needs, far below what hurts the machine. */
const pidsMax = 4_096;
/** What the engine keeps of an output that we have read already: enough for a look with its own tools. */
const keptLog = { "max-size": "10m", "max-file": "2" };

/** What the body of a create call is made of. */
export interface ContainerPlan {
  readonly order: LaunchOrder;
  readonly program: ContainerProgram;
  readonly network: Exclude<NetworkChoice, { kind: "refused" }>;
  /** Value of PORT; 0: it is given none. */
  readonly port: number;
  readonly owner: Ownership;
  /** A small init forwards signals and reaps what the program leaves; not every engine has one. */
  readonly init: boolean;
}

/** The body of a call that creates a container. */
export interface ContainerBody {
  readonly Image: string;
  readonly Entrypoint?: string[];
  readonly Cmd?: string[];
  readonly Env: string[];
  readonly Labels: Record<string, string>;
  readonly ExposedPorts?: Record<string, object>;
  readonly HostConfig: Record<string, unknown>;
}

/** Names of the labels by which containers are found again. */
export const labels = {
  managedBy: "dev.rouse.managed-by",
  installation: "dev.rouse.installation",
  owner: "dev.rouse.owner",
  process: "dev.rouse.process",
  key: "dev.rouse.key",
  generation: "dev.rouse.generation",
  instance: "dev.rouse.instance",
} as const;

/** Writes down what the engine is to make. */
export function containerBody(plan: ContainerPlan): ContainerBody {
  const { order, program, network, port, owner } = plan;
  const published = network.kind === "published" && port !== 0 ? `${port}/tcp` : undefined;
  return {
    Image: program.image,
    ...(program.command && { Entrypoint: [...program.command] }),
    ...(program.args && { Cmd: [...program.args] }),
    Env: Object.entries(containerEnvironment(order.workload, port, network)).map(([name, value]) => `${name}=${value}`),
    Labels: {
      [labels.managedBy]: "rouse",
      [labels.installation]: owner.installation,
      [labels.owner]: owner.owner,
      [labels.process]: owner.process,
      [labels.key]: order.key,
      [labels.generation]: String(order.generation),
      [labels.instance]: order.instance,
    },
    ...(published && { ExposedPorts: { [published]: {} } }),
    HostConfig: {
      NetworkMode: network.kind === "host" ? "host" : "default",
      ...(published && { PortBindings: { [published]: [{ HostIp: "127.0.0.1", HostPort: "" }] } }),
      ...(program.cpus !== undefined && { NanoCpus: Math.round(program.cpus * 1e9) }),
      // Without swap: a program at its limit is to be ended, not to slow the machine down.
      ...(program.memoryBytes !== undefined && { Memory: program.memoryBytes, MemorySwap: program.memoryBytes }),
      PidsLimit: pidsMax,
      ...(plan.init && { Init: true }),
      SecurityOpt: ["no-new-privileges"],
      // With it a root on our own network reads all that passes on loopback, and one on a bridge what is for its neighbours.
      CapDrop: ["NET_RAW"],
      // The exit code is read after the end, so we remove it ourselves.
      AutoRemove: false,
      LogConfig: { Type: "json-file", Config: keptLog },
    },
  };
}

/** On this machine's own network a program that listens on all addresses can be reached past us: many read HOST. */
const loopbackOnly = { HOST: "127.0.0.1" };

function containerEnvironment(
  { env, serviceName, revisionName }: Launchable,
  port: number,
  network: ContainerPlan["network"],
): Record<string, string> {
  if (serviceName === undefined) return { ...env };
  return {
    ...(network.kind === "host" && loopbackOnly),
    ...env,
    PORT: String(port),
    K_SERVICE: serviceName,
    K_REVISION: revisionName ?? "",
    K_CONFIGURATION: serviceName,
  };
}

/** A name that people recognise in the engine's own lists; `unique` keeps it from meeting another. */
export function containerName({ key, instance }: LaunchOrder, unique: string): string {
  const namespace = key.slice(0, Math.max(0, key.indexOf("/")));
  return `rouse_${namespace}_${instance}_${unique}`.replace(/[^a-zA-Z0-9_.-]/g, "-");
}
