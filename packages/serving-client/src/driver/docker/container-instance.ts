import type { Readable } from "node:stream";
import type { Clock } from "@rouse/base";
import type Docker from "dockerode";
import type { Container } from "dockerode";
import type { Address, InstanceObserver, RunningInstance } from "../driver.ts";
import { containerEnd } from "./container-end.ts";
import { containerExit } from "./container-exit.ts";
import { becomesUnhealthy } from "./container-health.ts";
import { followOutput } from "./container-output.ts";
import { ContainerPorts } from "./container-ports.ts";
import type { EngineConnection } from "./engine-connection.ts";

/** A container that is there this long after SIGKILL is given up. */
const killedWaitMs = 10_000;
const freezeNames = { freeze: "pause", thaw: "unpause" } as const;

/** A container that was started. */
export interface StartedContainer {
  readonly docker: Docker;
  readonly container: Container;
  /** Attached before the start. */
  readonly output: Readable;
  readonly connection: EngineConnection;
  readonly clock: Clock;
  readonly observer: InstanceObserver;
  readonly startedAt: number;
  /** Value of PORT; 0: none. */
  readonly port: number;
  readonly addresses: readonly Address[];
  readonly readiness: RunningInstance["readiness"];
  /** Where something that listens on a port can be reached. */
  readonly addressOf: RunningInstance["addressOf"];
  readonly hostNetwork: boolean;
  /** The engine checks its health. */
  readonly checksHealth: boolean;
  /** What it is given to end when it is found unhealthy, milliseconds. */
  readonly graceMs: number;
  /** The engine does not tell when memory was what ended it, and it has a limit. */
  readonly suspectMemory: boolean;
  /** Removes the container, now or when the engine is back. Never rejects. */
  remove(): Promise<void>;
}

/** Watches a started container to its end. */
export function superviseContainer(started: StartedContainer): RunningInstance {
  return new ContainerInstance(started);
}

class ContainerInstance implements RunningInstance {
  readonly handle: string;
  readonly port: number;
  readonly addresses: readonly Address[];
  readonly readiness: RunningInstance["readiness"];
  readonly startedAt: number;
  readonly gone: Promise<void>;
  private readonly it: StartedContainer;
  private readonly listening: ContainerPorts;
  private readonly givenUp = new AbortController();
  private exited = false;
  private asked = false;
  private killed = false;
  /** Why it was asked to end, where that was its health. */
  private unhealthy: string | undefined;
  private readonly ended = new AbortController();
  /** The engine is told one thing after the other: a signal that overtakes a pause is not heard. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(it: StartedContainer) {
    this.it = it;
    this.listening = new ContainerPorts(it.container.id, it.hostNetwork);
    this.handle = `container ${it.container.id.slice(0, 12)}`;
    this.port = it.port;
    this.addresses = it.addresses;
    this.readiness = it.readiness;
    this.startedAt = it.startedAt;
    this.gone = this.watch();
    if (it.checksHealth) void this.watchHealth();
  }

  stop(graceMs: number): void {
    if (this.asked || this.exited) return;
    this.asked = true;
    const { clock } = this.it;
    void this.inTurn(() => this.askToEnd());
    const kill = clock.setTimer(graceMs, () => {
      this.killed = true;
      // Not in turn: what does not answer is not waited for.
      void this.kill("SIGKILL");
    });
    const giveUp = clock.setTimer(graceMs + killedWaitMs, () => this.givenUp.abort());
    void this.gone.then(() => {
      kill.cancel();
      giveUp.cancel();
    });
  }

  async listeningPorts(): Promise<readonly number[]> {
    return this.exited ? [] : await this.listening.look();
  }

  addressOf(port: number): Address | undefined {
    return this.it.addressOf(port);
  }

  freeze(): Promise<boolean> {
    return this.inTurn(() => this.tell("freeze"));
  }

  thaw(): Promise<boolean> {
    return this.inTurn(() => this.tell("thaw"));
  }

  private inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => {});
    return done;
  }

  private async tell(what: keyof typeof freezeNames): Promise<boolean> {
    if (this.exited || this.asked) return false;
    try {
      await this.it.connection.call(this.it.container[freezeNames[what]]());
      return true;
    } catch {
      return false;
    }
  }

  /** With the image's own stop signal, after it was let go on: Podman refuses to stop what is paused, and nothing paused hears. */
  private async askToEnd(): Promise<void> {
    const { connection, container } = this.it;
    const seen = await connection.call(container.inspect()).catch(() => undefined);
    if (seen?.State.Paused) await connection.call(container.unpause()).catch(() => {});
    const signal = (seen?.Config as { StopSignal?: string } | undefined)?.StopSignal;
    if (!this.killed) await connection.call(container.kill({ signal: signal || "SIGTERM" })).catch(() => {});
  }

  private async kill(signal: string): Promise<void> {
    const { connection, container } = this.it;
    await connection.call(container.kill({ signal })).catch(() => {});
    // A paused container of the older cgroups does not even hear this one.
    await connection.call(container.unpause()).catch(() => {});
  }

  private async watchHealth(): Promise<void> {
    const unhealthy = await becomesUnhealthy(this.it, this.ended.signal);
    if (unhealthy === undefined || this.asked || this.ended.signal.aborted) return;
    this.unhealthy = unhealthy;
    this.stop(this.it.graceMs);
  }

  private async watch(): Promise<void> {
    const { clock, observer, docker, container, connection, suspectMemory, remove } = this.it;
    const output = followOutput(this.it.output, clock, (stream, text) => {
      if (!this.exited) observer.line(stream, text);
    });
    const status = await Promise.race([containerEnd(docker, container.id, clock), aborted(this.givenUp.signal)]);
    this.ended.abort();
    await output.rest();
    output.close();
    const { killed, unhealthy } = this;
    const seen = status ? await connection.call(container.inspect()).catch(() => undefined) : undefined;
    if (status === undefined) connection.forget();
    this.exited = true;
    const oomKilled = seen?.State.OOMKilled ?? false;
    observer.exited(containerExit({ status, oomKilled, killed, suspectMemory, unhealthy }));
    await remove();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}
