import type { Clock, Timer } from "@rouse/base";
import type { TrafficActivator, TrafficShare } from "@rouse/serving-client";
import type { RevisionWorkloads } from "./revision-workloads.ts";
import { planTraffic, type TrafficFacts, type TrafficPlan } from "./traffic-plan.ts";

/** What a revision's taking over needs. */
export interface TakeoverPorts {
  readonly activator: Pick<TrafficActivator, "revision" | "route" | "wake">;
  readonly clock: Clock;
}

/** Where the calls of a Service go at present. */
export interface KnownTraffic {
  readonly facts: TrafficFacts;
  readonly plan: TrafficPlan;
}

/** A revision that is to take over is tried again after this. */
const candidateRetryMs = 30_000;

/**
 * Where the calls of each Service go, and how that changes: the newest revision is tried until it was ready, here or in
 * another process, and then takes over from the one before. Services go by their keys, `<namespace>/<service>`.
 */
export class Takeover {
  private readonly ports: TakeoverPorts;
  private readonly workloads: Pick<RevisionWorkloads, "keepOnly">;
  private readonly known = new Map<string, KnownTraffic>();
  private readonly retries = new Map<string, Timer>();

  constructor(ports: TakeoverPorts, workloads: Pick<RevisionWorkloads, "keepOnly">) {
    this.ports = ports;
    this.workloads = workloads;
  }

  get(key: string): KnownTraffic | undefined {
    return this.known.get(key);
  }

  /** The Services that were planned and not forgotten. */
  keys(): Iterable<string> {
    return this.known.keys();
  }

  /** Decides anew where calls go; they do so from {@link Takeover.lead} on. */
  plan(key: string, facts: TrafficFacts): TrafficPlan {
    const plan = planTraffic(facts);
    this.known.set(key, { facts, plan });
    return plan;
  }

  /** Leads calls to where the plan says. */
  lead(key: string): void {
    const { shares = [], candidate } = this.known.get(key)?.plan ?? {};
    const led: TrafficShare[] = shares.map(({ revision, percent, tag }) => ({
      key: `${key}/${revision}`,
      percent,
      tag,
    }));
    // What happens to one that is only tried is told of the service, too.
    if (candidate !== undefined) led.push({ key: `${key}/${candidate}`, percent: 0 });
    this.ports.activator.route(key, led);
  }

  /**
   * Has an instance of the revision that is to take over started, again and again: not every try is told to have failed.
   * Undefined: none is.
   */
  tryOut(key: string, candidate: string | undefined): void {
    const { activator, clock } = this.ports;
    this.cancelRetry(key);
    if (candidate === undefined) return;
    const workload = `${key}/${candidate}`;
    activator.wake(workload);
    if (activator.revision(workload) === undefined) return;
    this.retries.set(
      key,
      clock.setTimer(candidateRetryMs, () => this.tryOut(key, candidate)),
    );
  }

  /**
   * A revision was ready. When it is the newest, calls that follow the latest go to it, and the one before drains.
   * @returns whether it is the newest, and was not known to have been ready.
   */
  proven(key: string, revision: string): boolean {
    const known = this.known.get(key);
    if (known === undefined || revision !== known.facts.latestCreated) return false;
    if (revision === known.facts.latestReady) return false;
    const next = this.plan(key, { ...known.facts, latestReady: revision });
    if (known.plan.candidate !== revision) return true;
    this.cancelRetry(key);
    this.lead(key);
    this.workloads.keepOnly(key, new Set(next.shares.map((share) => share.revision)));
    return true;
  }

  /** A Service is gone: calls go nowhere. */
  forget(key: string): void {
    this.known.delete(key);
    this.cancelRetry(key);
    this.ports.activator.route(key, []);
  }

  private cancelRetry(key: string): void {
    this.retries.get(key)?.cancel();
    this.retries.delete(key);
  }
}
