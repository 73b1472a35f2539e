import { nextAlarm } from "../life/next-alarm.ts";
import type { Effect, Input } from "../life/serving-draft.ts";
import { absent, current, type ServingState, tallyOf } from "../life/serving-state.ts";
import { step } from "../life/states.ts";
import { Agenda } from "./agenda.ts";
import { type Case, type Outcome, outcomeOf } from "./case.ts";
import { exponential, seeded } from "./chance.ts";

/** The world around the reducer: callers that wait, requests that take their time, instances that start. */
class Simulation {
  private state: ServingState;
  private readonly load: Case;
  private readonly agenda = new Agenda<Input>();
  private readonly chance = seeded(4);
  private readonly waiting: number[] = [];
  private served = 0;
  private readonly waits: number[] = [];
  private readonly startedAt = new Map<number, number>();
  private instanceMs = 0;
  private peak = 0;
  private alarmAt = Number.POSITIVE_INFINITY;
  private now = 0;

  constructor(load: Case) {
    this.load = load;
    this.state = absent({
      key: "default/simulated",
      generation: 1,
      program: { kind: "process", command: ["simulated"], workdir: "/" },
      env: {},
      serviceName: "simulated",
      revisionName: "simulated-00001",
      concurrency: load.concurrency,
      minScale: 0,
      maxScale: load.maxScale,
      idleMs: load.idleMs,
      freezeMs: undefined,
      lifetimeMs: undefined,
      utilization: undefined,
      target: undefined,
      windowMs: 60_000,
      scaleDownDelayMs: 0,
      startTimeoutMs: 60_000,
      requestTimeoutMs: 300_000,
      graceMs: 10_000,
      watch: false,
    });
    for (const at of load.arrivals) this.agenda.add(at, { kind: "acquire" });
  }

  run(): Outcome {
    for (let next = this.agenda.next(); next; next = this.agenda.next()) {
      this.now = next.at;
      if (next.what.kind === "alarm") this.alarmAt = Number.POSITIVE_INFINITY;
      if (next.what.kind === "acquire") this.waiting.push(this.now);
      this.feed(next.what);
    }
    return outcomeOf(this.waits, this.peak, this.instanceMs, this.load.arrivals.length - this.waits.length);
  }

  private feed(input: Input): void {
    const next = step(this.state, input, this.now);
    this.state = next.state;
    for (const effect of next.effects) this.take(effect);
    const at = nextAlarm(this.state, this.now);
    if (at === undefined || at >= this.alarmAt) return;
    this.alarmAt = at;
    this.agenda.add(at, { kind: "alarm" });
  }

  private take(effect: Effect): void {
    const { id } = effect as { readonly id: number };
    if (effect.kind === "start") {
      this.startedAt.set(id, this.now);
      this.agenda.add(this.now + this.load.coldStartMs, { kind: "listening", id, startMs: this.load.coldStartMs });
      this.peak = Math.max(this.peak, current(tallyOf(this.state)));
    } else if (effect.kind === "stop") {
      this.instanceMs += this.now - (this.startedAt.get(id) ?? this.now);
      this.startedAt.delete(id);
      this.agenda.add(this.now, { kind: "exited", id, message: "was stopped", chance: 0 });
    } else if (effect.kind === "grant") {
      this.waits.push(this.now - (this.waiting[this.served++] ?? this.now));
      const durationMs = exponential(this.load.meanDurationMs, this.chance());
      this.agenda.add(this.now + durationMs, { kind: "released", id });
    }
  }
}

/** What a load comes to with the reducer that runs in production. */
export function simulate(load: Case): Outcome {
  return new Simulation(load).run();
}
