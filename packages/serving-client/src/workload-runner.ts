import type { Clock, Timer } from "@rouse/base";
import type { InstanceAcquired, InstanceChange, InstanceLine, WorkloadStatus } from "./activator.ts";
import type { Address, Driver } from "./driver/driver.ts";
import { InstanceRunner } from "./instance-runner.ts";
import type { Probe } from "./readiness.ts";
import { Ring } from "./ring.ts";
import type { Effect, Input } from "./serving-draft.ts";
import { absent, freeSlots, nextAlarm, type ServingState, want } from "./serving-state.ts";
import { step } from "./states.ts";
import { Waiters } from "./waiters.ts";
import type { Workload } from "./workload.ts";

const linesKept = 1_000;

/** What a runner is given: the world, and whom to tell. */
export interface RunnerPorts {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly random: () => number;
  readonly probe: Probe;
  changed(change: InstanceChange): void;
  printed(line: InstanceLine): void;
  capacityChanged(key: string): void;
  /** An instance began to start. */
  started(key: string): void;
  /** Changed files made instances be recycled (`recycled`), or came while one was starting (`noted`). */
  filesTaken(how: "recycled" | "noted", paths: readonly string[]): void;
  /** Nothing runs any more and nothing will. */
  ended(key: string): void;
}

/** One workload: feeds what happens into its state machine and does what that asks for. */
export class WorkloadRunner {
  private state: ServingState;
  private readonly ports: RunnerPorts;
  private readonly waiters: Waiters;
  private readonly instances = new Map<number, InstanceRunner>();
  private readonly leaving = new Set<Promise<void>>();
  private readonly kept = new Ring<InstanceLine>(linesKept);
  private readonly inputs: Input[] = [];
  private stepping = false;
  private steppedAt = 0;
  private alarm: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(workload: Workload, ports: RunnerPorts) {
    this.ports = ports;
    this.state = absent(workload);
    this.waiters = new Waiters(ports.clock, () => this.feed({ kind: "abandoned" }));
  }

  get workload(): Workload {
    return this.state.workload;
  }

  acquire(signal: AbortSignal): Promise<InstanceAcquired> {
    return this.waiters.join(this.cold(), signal, () => this.feed({ kind: "acquire" }));
  }

  free(): number {
    return freeSlots(this.state);
  }

  /** No instance is ready. */
  cold(): boolean {
    return !this.state.instances.some((it) => it.kind === "ready");
  }

  lines(): InstanceLine[] {
    return this.kept.all();
  }

  status(): WorkloadStatus {
    const { state } = this;
    const { clock } = this.ports;
    const count = (...kinds: string[]) => state.instances.filter((it) => kinds.includes(it.kind)).length;
    return {
      key: state.workload.key,
      instances: {
        starting: count("starting"),
        ready: count("ready"),
        frozen: 0,
        stopping: count("draining", "stopping"),
      },
      waiting: state.waiting,
      backlog: 0,
      wanted: want(state),
      leases: { cold: 0, thawed: 0, warm: 0 },
      prewarmed: 0,
      failuresByCause: {},
      ownStart: undefined,
      ourStart: undefined,
      instanceSeconds: 0,
      discoveredPort: undefined,
      inFlight: state.instances.reduce((sum, it) => ("busy" in it ? sum + it.busy : sum), 0),
      coldStarts: state.coldStarts,
      startFailures: state.startFailures,
      failure: state.failure && {
        reason: state.failure.reason,
        message: state.failure.message,
        since: Math.round(clock.now() - (clock.monotonic() - state.failure.at)),
      },
    };
  }

  /** Adds a line of our own to what the instances print. */
  note(text: string): void {
    this.print(nameOf(this.workload), "stderr", text);
  }

  /** An event is expected at this time, milliseconds since the epoch. */
  expect(at: number): void {
    const { clock } = this.ports;
    this.feed({ kind: "expected", at: clock.monotonic() + at - clock.now(), leadMs: 0 });
  }

  /** Resolves when every process that was started has ended. */
  async gone(): Promise<void> {
    while (this.leaving.size > 0) await Promise.all(this.leaving);
  }

  /** Inputs that come while one is worked on wait for their turn, so that every effect sees the state it belongs to. */
  feed(input: Input): void {
    this.inputs.push(input);
    if (this.stepping) return;
    this.stepping = true;
    try {
      for (let next = this.inputs.shift(); next; next = this.inputs.shift()) this.take(next);
    } finally {
      this.stepping = false;
    }
    this.setAlarm();
    const { phase } = this.state;
    if ((phase === "removed" || phase === "closed") && this.state.instances.length === 0)
      this.ports.ended(this.workload.key);
  }

  private take(input: Input): void {
    const before = { free: this.free(), cold: this.cold() };
    this.steppedAt = this.ports.clock.monotonic();
    const next = step(this.state, input, this.steppedAt);
    this.state = next.state;
    for (const effect of next.effects) this.run(effect);
    if (this.free() > before.free || this.cold() !== before.cold) this.ports.capacityChanged(this.workload.key);
  }

  private run(effect: Effect): void {
    switch (effect.kind) {
      case "start":
        this.start(effect.id);
        return;
      case "stop":
        this.instances.get(effect.id)?.stop(this.workload.graceMs);
        return;
      case "freeze":
      case "thaw":
        return;
      case "grant":
        this.grant(effect.id, effect.fresh);
        return;
      case "hold": {
        const { reason, retryAfterMs } = effect;
        for (let it = this.waiters.shift(); it; it = this.waiters.shift())
          it.settle({ kind: "held", reason, retryAfterMs });
        return;
      }
      case "recycled":
      case "noted":
        this.ports.filesTaken(effect.kind, effect.paths);
        return;
      case "change": {
        const { id, change: kind, message, startMs } = effect;
        const instance = this.instanceName(id);
        const common = { at: this.ports.clock.now(), key: this.workload.key, instance, kind, message };
        this.ports.changed(startMs === undefined ? common : { ...common, startMs });
        return;
      }
      default: {
        const unknown: never = effect;
        throw new TypeError(`unknown effect ${unknown}`);
      }
    }
  }

  private start(id: number): void {
    const { driver, clock, probe, random } = this.ports;
    const instance = this.instanceName(id);
    const runner = new InstanceRunner(
      { instance, workload: this.workload, driver, clock, probe },
      {
        printed: (stream, text) => this.print(instance, stream, text),
        listening: (startMs) => this.feed({ kind: "listening", id, startMs }),
        refused: (reason, message) => this.end(id, { kind: "refused", id, reason, message, chance: random() }),
        timedOut: (message) => this.feed({ kind: "timed-out", id, message, chance: random() }),
        exited: (message) => this.end(id, { kind: "exited", id, message, chance: random() }),
      },
    );
    this.instances.set(id, runner);
    this.ports.started(this.workload.key);
    const leaving = runner.run().finally(() => this.leaving.delete(leaving));
    this.leaving.add(leaving);
  }

  private end(id: number, input: Input): void {
    this.instances.delete(id);
    this.feed(input);
  }

  private grant(id: number, fresh: "cold" | "thawed" | undefined): void {
    const address = this.instances.get(id)?.address;
    const waiter = this.waiters.shift();
    if (!waiter || !address) {
      waiter?.settle({ kind: "held", reason: "the instance has just ended", retryAfterMs: 1 });
      this.feed({ kind: "released", id });
      return;
    }
    let out = true;
    waiter.settle({
      kind: "lease",
      lease: {
        origin: originOf(address),
        instance: waiter.cold ? "cold" : (fresh ?? "warm"),
        waitedMs: this.ports.clock.monotonic() - waiter.since,
        requestTimeoutMs: this.workload.requestTimeoutMs,
        release: () => {
          if (out) this.feed({ kind: "released", id });
          out = false;
        },
      },
    });
  }

  private print(instance: string, stream: "stdout" | "stderr", text: string): void {
    const line = { at: this.ports.clock.now(), key: this.workload.key, instance, stream, text };
    this.kept.add(line);
    this.ports.printed(line);
  }

  /**
   * An alarm that is set too early is cheap, setting one anew for every lease is not. Counted from the last step, not
   * from now: what fell due between the two was not seen by that step, and would never be.
   */
  private setAlarm(): void {
    const now = this.steppedAt;
    const at = nextAlarm(this.state, now);
    if (at === undefined || (this.alarm && this.alarm.at <= at)) return;
    this.alarm?.timer.cancel();
    const timer = this.ports.clock.setTimer(Math.ceil(at - now), () => {
      this.alarm = undefined;
      this.feed({ kind: "alarm" });
    });
    this.alarm = { at, timer };
  }

  private instanceName(id: number): string {
    return `${nameOf(this.workload)}-${id}`;
  }
}

function nameOf(workload: Workload): string {
  return workload.key.slice(workload.key.indexOf("/") + 1);
}

function originOf(address: Address): string {
  return `http://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
