import { type Backoff, backoffDelayMs, type Clock, sleep } from "@rouse/base";
import type { InstanceChange, InstanceLine } from "../activator.ts";
import type { Driver, InstanceExit, RunningInstance } from "../driver/driver.ts";
import { endOf, withTail } from "../instance/exit-words.ts";
import { Ring } from "../ring.ts";
import type { KeptPhase, KeptProcess, KeptStatus } from "./keeper.ts";

/** Kubernetes begins at 10 s; a process here starts in milliseconds, and a developer waits for it. */
const restartBackoff: Backoff = { policy: "exponential", delayMs: 1_000, capMs: 300_000, jitter: 0.1 };
/** A process that ran this long begins with the shortest back-off again. */
const forgivenMs = 600_000;
/** A process that ran this long is well again. */
const settledMs = 10_000;
const linesKept = 1_000;
/** Lines of stderr that a failure message carries. */
const tailLines = 10;

/** What a runner is given: the world, and whom to tell. */
export interface KeptPorts {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly random: () => number;
  changed(change: InstanceChange): void;
  printed(line: InstanceLine): void;
  /** A process was started. */
  started(process: KeptProcess): void;
  /** Nothing runs any more, and nothing is wanted. */
  ended(): void;
}

/** How one run of the process came to its end; `asked`: we wanted it. */
interface Run {
  readonly asked: boolean;
  readonly instance: string;
  readonly reason: string;
  readonly message: string;
  readonly ranMs: number;
}

/** One kept process: starts it, again when it ends, and the newest form of it once the old one is gone. */
export class KeptRunner {
  private readonly key: string;
  private readonly ports: KeptPorts;
  private readonly kept = new Ring<InstanceLine>(linesKept);
  private wanted: KeptProcess | undefined;
  private quiet = false;
  private phase: KeptPhase = "starting";
  private living: Promise<void> | undefined;
  private running: RunningInstance | undefined;
  /** Ends what is going on now, a run or a wait, for the sake of something newer. */
  private interruption = new AbortController();
  private serial = 0;
  private restarts = 0;
  private failures = 0;
  private failure: KeptStatus["failure"];
  private nextStart: number | undefined;

  constructor(key: string, ports: KeptPorts) {
    this.key = key;
    this.ports = ports;
  }

  get process(): KeptProcess | undefined {
    return this.wanted;
  }

  /** Wants this form of the process; the same form as before changes nothing, but how it is stopped and watched. */
  want(process: KeptProcess): void {
    const same = this.wanted !== undefined && formOf(this.wanted) === formOf(process);
    this.wanted = process;
    if (!same) this.renew();
    this.live();
  }

  /** Wants nothing any more. */
  unwant(): void {
    this.wanted = undefined;
    this.renew();
    this.live();
  }

  /** Starts it anew, at once. */
  renew(): void {
    this.failures = 0;
    this.failure = undefined;
    this.interruption.abort();
  }

  /** Starts nothing any more; what runs goes on. */
  quiesce(): void {
    this.quiet = true;
    if (this.phase === "waiting") this.interruption.abort();
  }

  /** Resolves when nothing runs any more and nothing will; to be called after `unwant` or `quiesce`. */
  async gone(): Promise<void> {
    await this.living;
  }

  status(): KeptStatus {
    const { key, phase, restarts, nextStart, failure } = this;
    return { key, phase, handle: this.running?.handle, restarts, nextStart, failure };
  }

  lines(): InstanceLine[] {
    return this.kept.all();
  }

  /** Adds a line of our own to what the process prints. */
  note(text: string): void {
    this.print(nameOf(this.key), "stderr", text);
  }

  private live(): void {
    this.living ??= this.run().finally(() => {
      this.living = undefined;
      // Wanted again while the last run was being put away.
      if (this.wanted && !this.quiet) this.live();
      else if (!this.wanted) this.ports.ended();
    });
  }

  private async run(): Promise<void> {
    for (let process = this.wanted; process && !this.quiet; process = this.wanted) {
      this.interruption = new AbortController();
      const run = await this.runOnce(process, this.interruption.signal);
      if (run.asked) this.change(run.instance, "stopped", run.message);
      else await this.pauseAfter(run);
    }
    this.phase = "quiet";
  }

  private async runOnce(process: KeptProcess, signal: AbortSignal): Promise<Run> {
    const { driver, clock } = this.ports;
    const instance = `${nameOf(this.key)}-${++this.serial}`;
    const tail = new Ring<string>(tailLines);
    this.phase = "starting";
    this.change(instance, "starting", "is being started");
    let exit: InstanceExit | undefined;
    const observer = {
      line: (stream: "stdout" | "stderr", text: string) => {
        if (stream === "stderr") tail.add(text);
        this.print(instance, stream, text);
      },
      exited: (how: InstanceExit) => {
        exit = how;
      },
    };
    const launch = await driver.launch({ instance, key: this.key, generation: 1, workload: process, signal }, observer);
    if (launch.kind === "refused") {
      return { asked: signal.aborted, instance, reason: launch.reason, message: launch.message, ranMs: 0 };
    }
    const began = clock.monotonic();
    this.begun(launch.instance, instance, process);
    const stop = (): void => {
      this.phase = "stopping";
      launch.instance.stop(this.wanted?.graceMs ?? process.graceMs);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    const settled = new AbortController();
    void sleep(clock, settledMs, settled.signal).then(
      () => this.settled(instance),
      () => undefined,
    );
    await launch.instance.gone;
    settled.abort();
    signal.removeEventListener("abort", stop);
    this.running = undefined;
    const asked = signal.aborted;
    const end = endOf(exit);
    const message = asked ? end.message : withTail(end.message, tail.all());
    return { asked, instance, reason: end.reason ?? "Exited", message, ranMs: clock.monotonic() - began };
  }

  private begun(running: RunningInstance, instance: string, process: KeptProcess): void {
    this.running = running;
    this.phase = "running";
    this.ports.started(process);
    if (this.failure === undefined) this.change(instance, "ready", `runs as ${running.handle}`);
  }

  private settled(instance: string): void {
    if (this.failure === undefined) return;
    this.failure = undefined;
    this.change(instance, "ready", `has run for ${settledMs / 1_000} s`);
  }

  private async pauseAfter({ instance, reason, message, ranMs }: Run): Promise<void> {
    const { clock, random } = this.ports;
    this.failures = ranMs >= forgivenMs ? 1 : this.failures + 1;
    this.restarts += 1;
    const delayMs = backoffDelayMs(restartBackoff, this.failures, random);
    this.failure = { reason, message, since: clock.now() };
    this.nextStart = clock.now() + delayMs;
    this.phase = "waiting";
    this.change(instance, "failed", message);
    if (!this.quiet) await sleep(clock, delayMs, this.interruption.signal).catch(() => undefined);
    this.nextStart = undefined;
  }

  private print(instance: string, stream: "stdout" | "stderr", text: string): void {
    const line = { at: this.ports.clock.now(), key: this.key, instance, stream, text };
    this.kept.add(line);
    this.ports.printed(line);
  }

  private change(instance: string, kind: InstanceChange["kind"], message: string): void {
    this.ports.changed({ at: this.ports.clock.now(), key: this.key, instance, kind, message });
  }
}

/** What a running process cannot be given later. */
function formOf({ program, env }: KeptProcess): string {
  const sorted = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([program, sorted]);
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
