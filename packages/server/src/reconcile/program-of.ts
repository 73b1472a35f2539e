import { resolve } from "node:path";
import {
  type Container,
  limitsOf,
  type PullPolicy,
  pullPolicyOf,
  type RunnableObject,
  readAnnotation,
  rouseAnnotations,
  type ServiceContainer,
} from "@rouse/resources";
import type { ContainerProgram, Program } from "@rouse/serving-client";

/** What is run for an object: the command of its annotation as a local process, else its image; undefined without both. */
export function programOf(object: RunnableObject, workdirBase: string): Program | undefined {
  const command = readAnnotation(object, rouseAnnotations.command);
  if (command !== undefined) {
    const workdir = resolve(workdirBase, readAnnotation(object, rouseAnnotations.workdir) ?? ".");
    return { kind: "process", command, workdir };
  }
  const container: Container | undefined = object.spec.template?.spec?.containers?.[0];
  if (container?.image === undefined) return undefined;
  return {
    kind: "container",
    image: container.image,
    command: container.command,
    args: container.args,
    pull: pullWords[pullPolicyOf(container)],
    port: (container as ServiceContainer).ports?.[0]?.containerPort,
    ...limitsOf(container.resources),
    network: readAnnotation(object, rouseAnnotations.containerNetwork),
  };
}

const pullWords = {
  Always: "always",
  IfNotPresent: "if-not-present",
  Never: "never",
} as const satisfies Record<PullPolicy, ContainerProgram["pull"]>;

/** A program, and the variables that tell it where our own listener is. */
export interface Caller {
  readonly program: Program;
  readonly env: Readonly<Record<string, string>>;
}

/** What a bridge of Docker and Podman calls the machine that it is on. */
const machineFromBridge = "host.docker.internal";

/**
 * The same program, so that it reaches our listener at `env.K_SINK`, which is on loopback as a rule: a container shares this
 * machine's network; where that is asked not to be, or where engines run in a virtual machine (elsewhere than on Linux),
 * the address is the one that the machine has from a bridge.
 */
export function reachingUs({ program, env }: Caller, platform: string): Caller {
  if (program.kind === "process" || env.K_SINK === undefined) return { program, env };
  const network = program.network ?? "auto";
  if (network === "host") return { program, env };
  if (network === "auto" && platform === "linux") return { program: { ...program, network: "host" }, env };
  return { program, env: { ...env, K_SINK: fromBridge(env.K_SINK) } };
}

function fromBridge(sink: string): string {
  if (!URL.canParse(sink)) return sink;
  const url = new URL(sink);
  const loopback = url.hostname === "localhost" || url.hostname === "[::1]" || url.hostname.startsWith("127.");
  return loopback
    ? sink.replace(url.host, url.port === "" ? machineFromBridge : `${machineFromBridge}:${url.port}`)
    : sink;
}
