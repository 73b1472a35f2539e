import { type Clock, sleep } from "@rouse/base";
import type { Address, Driver, InstanceExit, InstanceObserver, RunningInstance } from "./driver/driver.ts";
import { awaitListening, type Probe } from "./readiness.ts";
import { Ring } from "./ring.ts";
import type { Workload } from "./workload.ts";

/** Lines of stderr that a failure message carries. */
const tailLines = 10;
/** A driver that cannot say quickly on which ports an instance listens is not waited for. */
const diagnosisMs = 1_000;

/** What to run, with what. */
export interface InstanceOrder {
  readonly instance: string;
  readonly workload: Workload;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly probe: Probe;
}

/** What an instance does, told as it happens. `refused` or `exited` is the last call. */
export interface InstanceEvents {
  printed(stream: "stdout" | "stderr", text: string): void;
  listening(startMs: number): void;
  refused(reason: string, message: string): void;
  timedOut(message: string): void;
  exited(message: string): void;
}

/** One instance from launch to end: watches for readiness, keeps its last words. */
export class InstanceRunner {
  /** Where it accepts connections; undefined until it is ready. */
  address: Address | undefined;
  private readonly order: InstanceOrder;
  private readonly events: InstanceEvents;
  private readonly tail = new Ring<string>(tailLines);
  private running: RunningInstance | undefined;
  private stopWatching: () => void = () => {};
  private stopGraceMs: number | undefined;
  private readonly unwanted = new AbortController();
  private exited = false;

  constructor(order: InstanceOrder, events: InstanceEvents) {
    this.order = order;
    this.events = events;
  }

  /** Launches it; resolves when it has ended, and everything that it started with it. */
  async run(): Promise<void> {
    const { driver, clock, workload, instance, probe } = this.order;
    const observer: InstanceObserver = {
      line: (stream, text) => {
        if (stream === "stderr") this.tail.add(text);
        this.events.printed(stream, text);
      },
      exited: (exit) => this.ended(exit),
    };
    const launch = await driver.launch(
      { instance, key: workload.key, generation: workload.generation, workload, signal: this.unwanted.signal },
      observer,
    );
    if (launch.kind === "refused") return this.events.refused(launch.reason, launch.message);
    this.running = launch.instance;
    const began = clock.monotonic();
    if (this.stopGraceMs !== undefined) launch.instance.stop(this.stopGraceMs);
    else {
      this.stopWatching = awaitListening({
        addresses: launch.instance.addresses,
        clock,
        timeoutMs: workload.startTimeoutMs,
        probe,
        settled: (address) => {
          if (!address) return void this.timedOut(launch.instance);
          this.address = address;
          this.events.listening(clock.monotonic() - began);
        },
      });
    }
    await launch.instance.gone;
  }

  /** Asks it to end; before the driver has answered, as soon as it does. */
  stop(graceMs: number): void {
    this.stopWatching();
    this.stopGraceMs ??= graceMs;
    this.unwanted.abort();
    this.running?.stop(graceMs);
  }

  private ended(exit: InstanceExit): void {
    this.exited = true;
    this.stopWatching();
    const port = this.running?.port;
    const how =
      exit.signal !== undefined ? `was ended by ${exit.signal}` : `exited with code ${exit.code ?? "unknown"}`;
    const asked = this.stopGraceMs !== undefined;
    const advice = exit.code === 0 ? "; a service must keep running and listen on PORT" : "";
    const when = this.address ? "while it was in service" : `before anything listened on PORT ${port}${advice}`;
    this.events.exited(asked ? how : this.withTail(`${how} ${when}`));
  }

  private async timedOut(running: RunningInstance): Promise<void> {
    const { clock, workload } = this.order;
    const seen = await Promise.race([running.listeningPorts(), sleep(clock, diagnosisMs).then(() => [])]).catch(
      () => [],
    );
    if (this.exited) return;
    const elsewhere = seen.length > 0 ? `; it listens on ${seen.join(", ")} but PORT is ${running.port}` : "";
    this.events.timedOut(
      this.withTail(`nothing listened on PORT ${running.port} within ${workload.startTimeoutMs} ms${elsewhere}`),
    );
  }

  private withTail(message: string): string {
    const tail = this.tail.all();
    return tail.length === 0 ? message : `${message}; stderr:\n${tail.join("\n")}`;
  }
}
