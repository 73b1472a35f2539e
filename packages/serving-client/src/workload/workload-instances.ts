import type { Clock } from "@rouse/base";
import type { Address, Driver } from "../driver/driver.ts";
import { InstanceRunner } from "../instance/instance-runner.ts";
import type { Discovered } from "../instance/port-discovery.ts";
import type { Probe } from "../instance/readiness.ts";
import type { Effect, Input } from "../life/serving-draft.ts";
import type { Placement } from "../placement.ts";
import type { Workload } from "../workload.ts";
import { type StartParts, StartRecord } from "./start-record.ts";

/** What {@link WorkloadInstances} is given: the world, and whom to tell. */
export interface InstancesPorts {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly random: () => number;
  readonly probe: Probe;
  readonly placement: Placement;
  feed(input: Input): void;
  print(instance: string, stream: "stdout" | "stderr", text: string): void;
}

type Starting = Extract<Effect, { kind: "start" }>;

/** The running instances of one workload, by number, and the record of what they cost. */
export class WorkloadInstances {
  readonly record = new StartRecord();
  private readonly ports: InstancesPorts;
  private readonly runners = new Map<number, InstanceRunner>();
  private readonly runs = new Set<Promise<void>>();
  /** Where the last instance listened that did not do so on its PORT. */
  private learned: { readonly generation: number; readonly port: number } | undefined;
  /** Our share of the start that was told last. */
  private lastReady: { readonly id: number; readonly ourMs: number } | undefined;

  constructor(ports: InstancesPorts) {
    this.ports = ports;
  }

  /** @param wantedAt when it was found to be wanted, monotonic milliseconds. */
  start({ id, leaving }: Starting, instance: string, workload: Workload, wantedAt: number): void {
    const { driver, clock, probe, placement, random, feed, print } = this.ports;
    const runner = new InstanceRunner(
      {
        instance,
        workload,
        driver,
        clock,
        probe,
        placement,
        leaving: leaving.flatMap((other) => this.runners.get(other)?.place ?? []),
        wantedAt,
        learnedPort: this.discoveredPort(workload),
        taken: () => this.portsBeside(id),
      },
      {
        printed: (stream, text) => print(instance, stream, text),
        running: (startedAt) => this.record.runs(id, startedAt),
        listening: (parts) => this.listening(id, parts),
        discovered: (hit, port) => {
          this.learned = hit && { generation: workload.generation, port: hit.port };
          print(
            instance,
            "stderr",
            hit ? discoveryWords(hit, port) : `listens on its PORT ${port} now: it is used there`,
          );
        },
        unplaced: ({ reason, message, retryAfterMs }) =>
          this.end(id, { kind: "unplaced", id, reason, message, retryAfterMs }),
        refused: (reason, message) => this.end(id, { kind: "refused", id, reason, message, chance: random() }),
        timedOut: (message) => feed({ kind: "timed-out", id, message, chance: random() }),
        frozen: (message) => {
          if (message === undefined) this.record.rests(id, clock.monotonic());
          else print(instance, "stderr", `stays warm: ${message}`);
          feed(message === undefined ? { kind: "frozen", id } : { kind: "frozen", id, message });
        },
        thawed: () => {
          this.record.runs(id, clock.monotonic());
          feed({ kind: "thawed", id });
        },
        exited: (message, reason) => {
          const exit = { kind: "exited", id, message, chance: random() } as const;
          this.end(id, reason === undefined ? exit : { ...exit, reason });
        },
      },
    );
    this.runners.set(id, runner);
    const run = runner.run().finally(() => this.runs.delete(run));
    this.runs.add(run);
  }

  stop(id: number, graceMs: number): void {
    this.runners.get(id)?.stop(graceMs);
  }

  freeze(id: number): void {
    this.runners.get(id)?.freeze();
  }

  thaw(id: number): void {
    this.runners.get(id)?.thaw();
  }

  /** Where an instance can be reached; undefined until it is ready, and when it has ended. */
  addressOf(id: number): Address | undefined {
    return this.runners.get(id)?.address;
  }

  /** What there is to say of an instance that has just become ready. */
  readyWords(id: number): { readonly message: string | undefined; readonly ourMs: number | undefined } {
    const runner = this.runners.get(id);
    const hit = runner?.discovered;
    return {
      message: hit && discoveryWords(hit, runner.port),
      ourMs: this.lastReady?.id === id ? this.lastReady.ourMs : undefined,
    };
  }

  /** Where instances of this form of the workload were found to listen. */
  discoveredPort({ generation }: Workload): number | undefined {
    return this.learned?.generation === generation ? this.learned.port : undefined;
  }

  /** Resolves when every instance that was started has ended. */
  async gone(): Promise<void> {
    while (this.runs.size > 0) await Promise.all(this.runs);
  }

  private listening(id: number, parts: StartParts): void {
    const { clock, feed } = this.ports;
    const readyAt = clock.monotonic();
    this.lastReady = { id, ourMs: parts.ourMs };
    feed({ kind: "listening", id, startMs: parts.ownMs });
    // Whoever waited has its lease by now.
    this.record.ready({ ...parts, ourMs: parts.ourMs + clock.monotonic() - readyAt });
  }

  private end(id: number, input: Input): void {
    this.runners.delete(id);
    this.record.rests(id, this.ports.clock.monotonic());
    this.ports.feed(input);
  }

  private portsBeside(id: number): ReadonlySet<number> {
    const ports = new Set<number>();
    for (const [other, { address }] of this.runners) if (other !== id && address) ports.add(address.port);
    return ports;
  }
}

function discoveryWords({ port, others }: Discovered, given: number): string {
  const more = others.length > 0 ? `; it also listens on ${others.join(", ")}` : "";
  return `listens on ${port}, not on PORT ${given}${more}`;
}
