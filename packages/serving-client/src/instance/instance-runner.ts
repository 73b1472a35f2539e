import { type Clock, messageOf, sleep } from "@rouse/base";
import type { Address, Driver, InstanceExit, InstanceObserver, RunningInstance } from "../driver/driver.ts";
import type { Place, Placed, Placement } from "../placement.ts";
import { Ring } from "../ring.ts";
import type { StartParts } from "../workload/start-record.ts";
import type { Workload } from "../workload.ts";
import { type Ending, lostItsPort, withTail, wordsOf } from "./exit-words.ts";
import { type Discovered, discoverPort } from "./port-discovery.ts";
import { awaitListening, type Probe } from "./readiness.ts";

/** Lines of stderr that a failure message carries. */
const tailLines = 10;
/** A driver that cannot say quickly on which ports an instance listens is not waited for. */
const diagnosisMs = 1_000;
const unplacedRetryMs = 1_000;

/** What to run, with what. */
export interface InstanceOrder {
  readonly instance: string;
  readonly workload: Workload;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly probe: Probe;
  readonly placement: Placement;
  /** Places of instances that are ending, or will once this one is ready. */
  readonly leaving: readonly Place[];
  /** When it was wanted, monotonic milliseconds. */
  readonly wantedAt: number;
  /** Where an earlier instance was found to listen. */
  readonly learnedPort: number | undefined;
  /** Ports of other instances of the workload. */
  readonly taken: () => ReadonlySet<number>;
}

/** What an instance does, told as it happens. `unplaced`, `refused` or `exited` is the last call. */
export interface InstanceEvents {
  printed(stream: "stdout" | "stderr", text: string): void;
  /** It was started. */
  running(startedAt: number): void;
  listening(parts: StartParts): void;
  /** Before `listening`: it was found elsewhere than on its PORT; undefined, after it: it is on its PORT now. */
  discovered(hit: Discovered | undefined, port: number): void;
  unplaced(none: Extract<Placed, { kind: "none" }>): void;
  refused(reason: string, message: string): void;
  timedOut(message: string): void;
  /** It is frozen; with a message: it is not, and why. */
  frozen(message?: string): void;
  thawed(): void;
  /** `reason`: one CamelCase word, where the state it was in does not say it. */
  exited(message: string, reason: string | undefined): void;
}

/** One instance from launch to end: finds a place for it, watches for readiness, freezes and thaws, keeps its last words. */
export class InstanceRunner {
  /** Where it can be reached; undefined until it is ready. */
  address: Address | undefined;
  /** Where it was found to listen, as long as that is not its PORT. */
  discovered: Discovered | undefined;
  /** The place that it has; undefined before it has one. */
  place: Place | undefined;
  private readonly order: InstanceOrder;
  private readonly events: InstanceEvents;
  private tail = new Ring<string>(tailLines);
  private instance: RunningInstance | undefined;
  private stopWatching: () => void = () => {};
  private stopGraceMs: number | undefined;
  private readonly unwanted = new AbortController();
  private ending: Ending | undefined;
  /** Why we ended it ourselves. */
  private given: string | undefined;
  /** The call of the driver that is under way. */
  private turn: Promise<void> | undefined;

  constructor(order: InstanceOrder, events: InstanceEvents) {
    this.order = order;
    this.events = events;
  }

  /** Its PORT; 0 until it was started. */
  get port(): number {
    return this.instance?.port ?? 0;
  }

  /** Launches it; resolves when it has ended, and everything that it started with it. */
  async run(): Promise<void> {
    const { leaving, placement, workload } = this.order;
    const asked = placement.place(workload, leaving);
    // A promise costs turns, which a place that is known at once is to be without.
    const placed = "kind" in asked ? asked : await this.placedOrStopped(asked);
    if (placed?.kind !== "slot") {
      if (placed && this.stopGraceMs === undefined) this.events.unplaced(placed);
      else this.notWanted();
      return;
    }
    this.place = placed;
    try {
      if ((await this.launch()) === "port-lost") await this.launch(true);
    } finally {
      placed.release();
    }
  }

  /** Asks it to end; before the driver has answered, as soon as it does. */
  stop(graceMs: number): void {
    this.stopWatching();
    this.stopGraceMs ??= graceMs;
    this.unwanted.abort();
    this.stopRunning(graceMs);
  }

  /** Stops its execution; `frozen` tells what came of it. */
  freeze(): void {
    this.inTurn(async (instance) => {
      const done = await instance.freeze().catch((failure: unknown) => messageOf(failure));
      if (this.isEnding()) return;
      if (done === true) this.events.frozen();
      else this.events.frozen(done === false ? "it cannot be frozen" : `it cannot be frozen: ${done}`);
    });
  }

  /** Lets it go on; `thawed` tells when it does. One that cannot is stopped. */
  thaw(): void {
    this.inTurn(async (instance) => {
      const done = await instance.thaw().catch((failure: unknown) => messageOf(failure));
      if (this.isEnding()) return;
      if (done === true) return this.events.thawed();
      this.given = done === false ? "could not be thawed" : `could not be thawed: ${done}`;
      instance.stop(this.order.workload.graceMs);
    });
  }

  /** Undefined when it was stopped first: a place that comes later is given back. */
  private placedOrStopped(asked: Promise<Placed>): Promise<Placed | undefined> {
    const { signal } = this.unwanted;
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
      void asked.catch(unplaceable).then((placed) => {
        if (signal.aborted && placed.kind === "slot") placed.release();
        resolve(placed);
      });
    });
  }

  private notWanted(): void {
    this.events.refused("NotWanted", "it was stopped before it was started");
  }

  private async launch(again = false): Promise<"ended" | "port-lost"> {
    const { driver, clock, workload, instance, wantedAt } = this.order;
    if (this.stopGraceMs !== undefined) {
      this.notWanted();
      return "ended";
    }
    let portLost = false;
    const observer: InstanceObserver = {
      line: (stream, text) => {
        if (stream === "stderr") this.tail.add(text);
        this.events.printed(stream, text);
      },
      exited: (exit) => {
        portLost = this.ended(exit, again);
      },
    };
    const askedAt = clock.monotonic();
    const launch = await driver.launch(
      { instance, key: workload.key, generation: workload.generation, workload, signal: this.unwanted.signal },
      observer,
    );
    if (launch.kind === "refused") {
      this.events.refused(launch.reason, launch.message);
      return "ended";
    }
    this.instance = launch.instance;
    this.events.running(launch.instance.startedAt);
    if (this.stopGraceMs !== undefined) this.stopRunning(this.stopGraceMs);
    else this.watch(launch.instance, askedAt - wantedAt);
    await launch.instance.gone;
    return portLost ? "port-lost" : "ended";
  }

  private watch(running: RunningInstance, beforeMs: number): void {
    const { clock, probe, workload, wantedAt, learnedPort, taken } = this.order;
    const path = workload.readinessPath;
    const ready = (address: Address) => {
      this.address = address;
      const now = clock.monotonic();
      const ownMs = now - running.startedAt;
      this.events.listening({ wholeMs: now - wantedAt, ownMs, ourMs: beforeMs });
    };
    const stopListening = awaitListening({
      addresses: running.addresses,
      clock,
      timeoutMs: workload.startTimeoutMs,
      probe,
      proof: path !== undefined || running.readiness === "answer" ? { kind: "answer", path } : { kind: "connection" },
      settled: (address) => {
        stopLooking();
        if (this.address) this.moved(address, running.port);
        else if (address) ready(address);
        else void this.timedOut(running);
      },
    });
    const stopLooking = discoverPort({
      running,
      clock,
      probe,
      path,
      learned: learnedPort,
      taken,
      // PORT is waited for on: what was found may be a helper that was there first.
      found: (hit) => {
        this.discovered = hit;
        this.events.discovered(hit, running.port);
        ready(hit.address);
      },
    });
    this.stopWatching = () => {
      stopListening();
      stopLooking();
    };
  }

  /** It listens on PORT after all; or it still does not, and is used where it was found. */
  private moved(address: Address | undefined, port: number): void {
    if (!address) return;
    this.address = address;
    this.discovered = undefined;
    this.events.discovered(undefined, port);
  }

  private stopRunning(graceMs: number): void {
    this.inTurn((instance) => instance.stop(graceMs));
  }

  /** Calls of the driver never overlap; one that need not wait is made at once. */
  private inTurn(call: (instance: RunningInstance) => void | Promise<void>): void {
    const { instance } = this;
    if (!instance) return;
    if (!this.turn) {
      const called = call(instance);
      if (called) this.hold(called);
      return;
    }
    this.hold(this.turn.then(() => call(instance)));
  }

  private hold(turn: Promise<void>): void {
    this.turn = turn;
    void turn.then(() => {
      if (this.turn === turn) this.turn = undefined;
    });
  }

  private isEnding(): boolean {
    return this.ending !== undefined || this.stopGraceMs !== undefined;
  }

  /** Whether it is to be started again, because somebody else has taken its port. */
  private ended(exit: InstanceExit, again: boolean): boolean {
    this.stopWatching();
    const { port } = this;
    const asked = this.stopGraceMs !== undefined;
    const ending = { exit, port, served: this.address !== undefined, asked, tail: this.tail.all() };
    if (!again && lostItsPort(ending)) {
      this.instance = undefined;
      this.tail = new Ring<string>(tailLines);
      this.events.printed("stderr", `another process has taken port ${port}: it is started again with another one`);
      return true;
    }
    this.ending = ending;
    const { message, reason } = wordsOf(ending);
    this.events.exited(this.given === undefined ? message : `${this.given} and ${message}`, reason);
    return false;
  }

  private async timedOut(running: RunningInstance): Promise<void> {
    const { clock, workload } = this.order;
    const seen = await Promise.race([running.listeningPorts(), sleep(clock, diagnosisMs).then(() => [])]).catch(
      () => [],
    );
    if (this.ending) return;
    const elsewhere = seen.length > 0 ? `; it listens on ${seen.join(", ")} but PORT is ${running.port}` : "";
    const path = workload.readinessPath;
    const what =
      path === undefined
        ? `nothing listened on PORT ${running.port}`
        : `GET ${path} on PORT ${running.port} gave no answer below 400`;
    const message = `${what} within ${workload.startTimeoutMs} ms${elsewhere}`;
    this.events.timedOut(withTail(message, this.tail.all()));
  }
}

function unplaceable(failure: unknown): Placed {
  const message = `no place was found for it: ${messageOf(failure)}`;
  return { kind: "none", reason: "NoPlace", message, retryAfterMs: unplacedRetryMs };
}
