import type { Clock, Timer } from "@rouse/base";
import type { InstanceAcquired, InstanceChange, InstanceLine, ServiceFailure, WorkloadStatus } from "../activator.ts";
import type { Address, Driver } from "../driver/driver.ts";
import type { Probe } from "../instance/readiness.ts";
import { nextAlarm } from "../life/next-alarm.ts";
import type { Effect, Input } from "../life/serving-draft.ts";
import { absent, freeSlots, type ServingState } from "../life/serving-state.ts";
import { step } from "../life/states.ts";
import type { Placement } from "../placement.ts";
import { Ring } from "../ring.ts";
import type { Workload } from "../workload.ts";
import { ExpectedTimes } from "./expected-times.ts";
import { startLeadMs } from "./start-lead.ts";
import { type Waiter, Waiters } from "./waiters.ts";
import { WorkloadInstances } from "./workload-instances.ts";
import { statusOf } from "./workload-status.ts";

const linesKept = 1_000;

/** What a runner is given: the world, and whom to tell. */
export interface RunnerPorts {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly random: () => number;
  readonly probe: Probe;
  readonly placement: Placement;
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
  private readonly instances: WorkloadInstances;
  private readonly kept = new Ring<InstanceLine>(linesKept);
  private expectations = new ExpectedTimes();
  private floor: { readonly minScale: number; readonly stop: () => void } | undefined;
  private readonly inputs: Input[] = [];
  private stepping = false;
  private steppedAt = 0;
  private alarm: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(workload: Workload, ports: RunnerPorts) {
    this.ports = ports;
    this.state = absent(workload);
    this.waiters = new Waiters(ports.clock, () => this.feed({ kind: "abandoned" }));
    this.instances = new WorkloadInstances({
      ...ports,
      feed: (input) => this.feed(input),
      print: (instance, stream, text) => this.print(instance, stream, text),
    });
  }

  get workload(): Workload {
    return this.state.workload;
  }

  /** Begins; `quiet`: nothing is started. */
  begin(how: "alarm" | "quiet"): void {
    if (how === "alarm") {
      // Not all of the minimum, until it is told how much of it.
      this.feed({ kind: "floor", count: 0 });
      this.prepare();
    }
    this.feed({ kind: how });
  }

  /** Another form of the workload. */
  configure(workload: Workload): void {
    this.feed({ kind: "configured", workload });
    if (this.state.phase === "open") this.prepare();
  }

  /** Starts nothing any more (`quiet`), or ends. */
  leave(how: "quiet" | "removed" | "closed"): void {
    this.floor?.stop();
    this.floor = undefined;
    // It may be applied again before it has ended, and expects nothing then.
    this.expectations = new ExpectedTimes();
    this.feed({ kind: how });
  }

  acquire(signal: AbortSignal): Promise<InstanceAcquired> {
    return this.waiters.join(this.found(), signal, () => this.feed({ kind: "acquire" }));
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
    const { record } = this.instances;
    const discoveredPort = this.instances.discoveredPort(this.workload);
    return statusOf(this.state, { record, now: this.ports.clock.monotonic(), discoveredPort, failure: this.failure() });
  }

  /** Adds a line of our own to what the instances print. */
  note(text: string): void {
    this.print(nameOf(this.workload), "stderr", text);
  }

  /** An event is expected at this time, milliseconds since the epoch. */
  expect(at: number): void {
    const { clock, driver } = this.ports;
    const now = clock.monotonic();
    const dueAt = this.expectations.add(at, clock.now(), now);
    if (dueAt === undefined) return;
    driver.prepare?.(this.workload.program);
    const leadMs = startLeadMs(this.instances.record.wholeStart(), this.workload.program.kind);
    this.feed({ kind: "expected", at: dueAt, leadMs });
  }

  /** Resolves when every process that was started has ended. */
  gone(): Promise<void> {
    return this.instances.gone();
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
    const { phase } = this.state;
    if ((phase === "removed" || phase === "closed") && this.state.instances.length === 0) {
      this.alarm?.timer.cancel();
      this.alarm = undefined;
      this.ports.ended(this.workload.key);
    } else this.setAlarm();
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
        this.instances.start(effect, this.instanceName(effect.id), this.workload, this.steppedAt);
        this.ports.started(this.workload.key);
        return;
      case "stop":
        this.instances.stop(effect.id, this.workload.graceMs);
        return;
      case "freeze":
        this.instances.freeze(effect.id);
        return;
      case "thaw":
        this.instances.thaw(effect.id);
        return;
      case "grant":
        this.grant(effect.id, effect.fresh);
        return;
      case "hold":
        this.hold(effect);
        return;
      case "recycled":
      case "noted":
        this.ports.filesTaken(effect.kind, effect.paths);
        return;
      case "change":
        this.tell(effect);
        return;
      default: {
        const unknown: never = effect;
        throw new TypeError(`unknown effect ${unknown}`);
      }
    }
  }

  private hold({ reason, retryAfterMs, failing }: Extract<Effect, { kind: "hold" }>): void {
    const failure = failing ? this.failure() : undefined;
    const answer = { kind: "held", reason, retryAfterMs } as const;
    for (let it = this.waiters.shift(); it; it = this.waiters.shift())
      it.settle(failure ? { ...answer, failure } : answer);
  }

  private tell({ id, change: kind, message, startMs, reason }: Extract<Effect, { kind: "change" }>): void {
    const change: InstanceChange = {
      at: this.ports.clock.now(),
      key: this.workload.key,
      instance: this.instanceName(id),
      kind,
      message,
    };
    if (startMs === undefined) {
      this.ports.changed(reason === undefined ? change : { ...change, reason });
      return;
    }
    const words = this.instances.readyWords(id);
    const ready = { ...change, message: words.message ?? message, startMs };
    this.ports.changed(words.ourMs === undefined ? ready : { ...ready, ourMs: words.ourMs });
  }

  private failure(): ServiceFailure | undefined {
    const { failure } = this.state;
    const { clock } = this.ports;
    if (!failure) return undefined;
    const agoMs = clock.monotonic() - failure.since;
    return { reason: failure.reason, message: failure.message, since: Math.round(clock.now() - agoMs) };
  }

  /** What a caller that comes now finds. */
  private found(): Waiter["found"] {
    let found: Waiter["found"] = "cold";
    for (const { kind } of this.state.instances) {
      if (kind === "ready") return "warm";
      if (kind === "freezing" || kind === "frozen" || kind === "thawing") found = "thawed";
    }
    return found;
  }

  private prepare(): void {
    this.ports.driver.prepare?.(this.workload.program);
    this.watchFloor();
  }

  private watchFloor(): void {
    const { key, minScale } = this.workload;
    if (this.floor?.minScale === minScale) return;
    this.floor?.stop();
    let over = false;
    const floor = {
      minScale,
      stop: () => {
        over = true;
        stopWatching();
      },
    };
    this.floor = floor;
    const stopWatching = this.ports.placement.watchFloor({ key, minScale }, (count) => {
      if (!over) this.feed({ kind: "floor", count });
    });
  }

  private grant(id: number, fresh: "cold" | "thawed" | undefined): void {
    const address = this.instances.addressOf(id);
    const waiter = this.waiters.shift();
    if (!waiter || !address) {
      waiter?.settle({ kind: "held", reason: "the instance has just ended", retryAfterMs: 1 });
      this.feed({ kind: "released", id });
      return;
    }
    let out = true;
    const instance = waiter.found === "cold" ? "cold" : (fresh ?? waiter.found);
    this.instances.record.leases[instance]++;
    waiter.settle({
      kind: "lease",
      lease: {
        origin: originOf(address),
        instance,
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
  return workload.key.slice(workload.key.lastIndexOf("/") + 1);
}

function originOf(address: Address): string {
  return `http://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
