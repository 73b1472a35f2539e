import { existsSync } from "node:fs";
import { Agent } from "node:http";
import { inspect } from "node:util";
import type { Clock } from "@rouse/base";
import type Docker from "dockerode";
import { type EngineEndpoint, engineEndpoints } from "./engine-endpoint.ts";
import { EngineSilent, isLost, type TriedEndpoint, unavailable } from "./engine-refusals.ts";
import { type AvailableEngine, type EngineAnswers, engineState, type UnavailableEngine } from "./engine-state.ts";

/** An engine that does not answer a call by then is as good as none; a start on a busy machine takes seconds. */
const callMs = 60_000;
/** While looking for an engine. */
const probeMs = 5_000;

/** What {@link EngineConnection} needs. */
export interface EngineConnectionOptions {
  readonly clock: Clock;
  readonly socketPath: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** An engine that answered, and its client. */
export interface ConnectedEngine {
  readonly kind: "connected";
  readonly state: AvailableEngine;
  readonly docker: Docker;
}

/**
 * The way to the engine. Looks for one when it is first needed and keeps what it found until a call fails for want of a
 * connection; then the next one looks anew. States: unknown ⇄ connected → closed.
 */
export class EngineConnection {
  private readonly options: EngineConnectionOptions;
  private readonly agent = new TerseAgent({ keepAlive: true });
  private found: Promise<ConnectedEngine | UnavailableEngine> | undefined;
  private readonly regained = new Set<() => void>();

  constructor(options: EngineConnectionOptions) {
    this.options = options;
  }

  /** The engine; callers at the same time share one look. Never rejects. */
  connect(): Promise<ConnectedEngine | UnavailableEngine> {
    if (this.found) return this.found;
    const found = this.look();
    this.found = found;
    void found.then((it) => {
      if (it.kind === "unavailable") this.forget(found);
      else for (const tell of this.regained) tell();
    });
    return found;
  }

  /** Calls back each time an engine was found. */
  onFound(tell: () => void): void {
    this.regained.add(tell);
  }

  /** Makes one call; rejects with {@link EngineSilent} when it takes too long, and forgets the engine when it is lost. */
  async call<Answer>(asked: Promise<Answer>): Promise<Answer> {
    const found = this.found;
    try {
      return await this.within(callMs, asked);
    } catch (failure) {
      if (isLost(failure)) this.forget(found);
      throw failure;
    }
  }

  close(): void {
    this.agent.destroy();
  }

  /** Forgets an engine that was found; another that was found since stays. */
  forget(found = this.found): void {
    if (this.found === found) this.found = undefined;
  }

  private async look(): Promise<ConnectedEngine | UnavailableEngine> {
    const { socketPath, environment } = this.options;
    const { default: Client } = await import("dockerode");
    const tried: TriedEndpoint[] = [];
    for (const endpoint of engineEndpoints(socketPath, environment)) {
      if (endpoint.kind === "refused") {
        const hint = "run rouse on that machine, or name a socket of this one in DOCKER_HOST";
        return { kind: "unavailable", reason: "EngineUnavailable", message: endpoint.message, hint };
      }
      const where = endpoint.kind === "socket" ? endpoint.path : endpoint.url;
      try {
        // Of an address the client reads the certificates, too, from the environment itself. Its types know no agent.
        const way = endpoint.kind === "socket" ? { socketPath: endpoint.path, agent: this.agent } : undefined;
        const docker = new Client(way as Docker.DockerOptions | undefined);
        const state = engineState(await this.within(probeMs, answers(docker)), reachOf(endpoint, where));
        return { kind: "connected", state, docker };
      } catch (failure) {
        tried.push({ endpoint: where, failure });
      }
    }
    return unavailable(tried);
  }

  private async within<Answer>(ms: number, asked: Promise<Answer>): Promise<Answer> {
    let late = () => {};
    const silent = new Promise<never>((_, reject) => {
      late = () => reject(new EngineSilent(`the engine did not answer within ${ms} ms`));
    });
    const timer = this.options.clock.setTimer(ms, () => late());
    try {
      return await Promise.race([asked, silent]);
    } finally {
      timer.cancel();
    }
  }
}

/** The client prints the options of each call to a log that nobody reads, agent and sockets included: milliseconds of a start. */
class TerseAgent extends Agent {
  [inspect.custom](): string {
    return "TerseAgent";
  }
}

async function answers(docker: Docker): Promise<EngineAnswers> {
  const [version, info, networks] = await Promise.all([docker.version(), docker.info(), docker.listNetworks()]);
  return { version, info, networks } as EngineAnswers;
}

function reachOf(endpoint: EngineEndpoint, where: string) {
  return {
    endpoint: where,
    socket: endpoint.kind === "socket",
    platform: process.platform,
    emulation: ["qemu-x86_64", "qemu-aarch64"].some((name) => existsSync(`/proc/sys/fs/binfmt_misc/${name}`)),
  };
}
