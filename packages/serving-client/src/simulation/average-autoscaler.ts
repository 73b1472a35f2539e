import { Agenda } from "./agenda.ts";
import { type Case, type Outcome, outcomeOf } from "./case.ts";
import { exponential, seeded } from "./chance.ts";

const tickMs = 2_000;
const stableMs = 60_000;
const panicMs = 6_000;
const fullShare = 0.7;
const panicShare = 2;

interface Instance {
  ready: boolean;
  busy: number;
  readonly startedAt: number;
  /** It takes no more requests. */
  leaving: boolean;
}

type Happening =
  | { readonly kind: "arrival" }
  | { readonly kind: "tick" }
  | { readonly kind: "ready" | "answered"; readonly instance: Instance };

/**
 * What others do, to compare with: every two seconds as many instances as the requests at once, averaged over a minute, need
 * at 70 %; the first one at the first request. With `panic` the average over six seconds counts, too, when it asks for twice
 * what is ready, and then nothing is stopped for a minute.
 */
export class AverageAutoscaler {
  private readonly load: Case;
  private readonly panic: boolean;
  private readonly agenda = new Agenda<Happening>();
  private readonly chance = seeded(4);
  private readonly waiting: number[] = [];
  private served = 0;
  private readonly waits: number[] = [];
  private instances: Instance[] = [];
  private instanceMs = 0;
  private peak = 0;
  private now = 0;
  private usedMs = 0;
  private inFlight = 0;
  private arrivals = 0;
  private panicUntil = Number.NEGATIVE_INFINITY;
  private readonly samples: { readonly at: number; readonly usedMs: number }[] = [{ at: 0, usedMs: 0 }];

  constructor(load: Case, panic: boolean) {
    this.load = load;
    this.panic = panic;
    for (const at of load.arrivals) this.agenda.add(at, { kind: "arrival" });
    this.agenda.add(tickMs, { kind: "tick" });
  }

  run(): Outcome {
    for (let next = this.agenda.next(); next; next = this.agenda.next()) {
      this.usedMs += (next.at - this.now) * this.inFlight;
      this.now = next.at;
      this.take(next.what);
      this.dispatch();
    }
    return outcomeOf(this.waits, this.peak, this.instanceMs, this.load.arrivals.length - this.waits.length);
  }

  private take(what: Happening): void {
    switch (what.kind) {
      case "arrival":
        this.arrivals++;
        this.inFlight++;
        this.waiting.push(this.now);
        if (this.instances.length === 0) this.scaleTo(1);
        return;
      case "ready":
        what.instance.ready = true;
        return;
      case "answered":
        this.inFlight--;
        what.instance.busy--;
        this.removeIfLeft(what.instance);
        return;
      case "tick":
        this.tick();
        return;
      default: {
        const unknown: never = what;
        throw new TypeError(`unknown happening ${unknown}`);
      }
    }
  }

  private tick(): void {
    this.samples.push({ at: this.now, usedMs: this.usedMs });
    const perInstance = this.load.concurrency * fullShare;
    const stable = Math.ceil(this.averageOver(stableMs) / perInstance);
    const there = this.instances.filter((it) => !it.leaving).length;
    const ready = Math.max(1, this.instances.filter((it) => it.ready && !it.leaving).length);
    let wanted = this.inFlight > 0 ? Math.max(1, stable) : stable;
    if (this.panic) {
      const short = Math.ceil(this.averageOver(panicMs) / perInstance);
      if (short / ready >= panicShare) this.panicUntil = this.now + stableMs;
      if (this.now < this.panicUntil) wanted = Math.max(wanted, short, there);
    }
    this.scaleTo(Math.min(this.load.maxScale, wanted));
    if (this.instances.length > 0 || this.arrivals < this.load.arrivals.length)
      this.agenda.add(this.now + tickMs, { kind: "tick" });
  }

  /** Requests at once; over the time since the beginning while that is shorter. */
  private averageOver(windowMs: number): number {
    const from = this.samples.findLast((it) => it.at <= this.now - windowMs) ?? this.samples[0];
    return from === undefined || from.at === this.now ? 0 : (this.usedMs - from.usedMs) / (this.now - from.at);
  }

  private scaleTo(wanted: number): void {
    const staying = this.instances.filter((it) => !it.leaving);
    for (let n = staying.length; n < wanted; n++) {
      const instance = { ready: false, busy: 0, startedAt: this.now, leaving: false };
      this.instances.push(instance);
      this.agenda.add(this.now + this.load.coldStartMs, { kind: "ready", instance });
    }
    this.peak = Math.max(this.peak, this.instances.length);
    for (const instance of staying.slice(wanted)) {
      instance.leaving = true;
      this.removeIfLeft(instance);
    }
  }

  private removeIfLeft(instance: Instance): void {
    if (!instance.leaving || instance.busy > 0) return;
    this.instances = this.instances.filter((it) => it !== instance);
    this.instanceMs += this.now - instance.startedAt;
  }

  private dispatch(): void {
    for (const instance of this.instances) {
      while (instance.ready && !instance.leaving && instance.busy < this.load.concurrency) {
        const since = this.waiting[this.served];
        if (since === undefined) return;
        this.served++;
        instance.busy++;
        this.waits.push(this.now - since);
        const durationMs = exponential(this.load.meanDurationMs, this.chance());
        this.agenda.add(this.now + durationMs, { kind: "answered", instance });
      }
    }
  }
}
