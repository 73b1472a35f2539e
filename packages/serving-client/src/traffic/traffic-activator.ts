import type {
  Activator,
  InstanceAcquired,
  InstanceChange,
  InstanceLine,
  StartTimes,
  WorkloadStatus,
} from "../activator.ts";
import { Listeners } from "../listeners.ts";
import { type TrafficShare, TrafficTurns } from "./traffic-share.ts";

/**
 * An activator whose workloads are revisions, and which is asked for services: `<namespace>/<service>` leads to the
 * revisions by their shares, `<namespace>/<service>#<tag>` to one of them. Workloads that no service leads to are reached
 * by their own keys, as ever.
 */
export interface TrafficActivator extends Activator {
  /**
   * Says which revisions serve a service from now on; without shares there is none. Revisions are applied and removed by
   * their own keys. Calls that wait already stay with the revision that they wait for, as long as it is there.
   */
  route(service: string, shares: readonly TrafficShare[]): void;
  /** The status of one workload by its own key. */
  revision(key: string): WorkloadStatus | undefined;
}

interface Service {
  readonly turns: TrafficTurns;
  readonly shares: readonly TrafficShare[];
  /** Percent by revision, of those that get calls without a tag. */
  readonly parts: ReadonlyMap<string, number>;
  /** Revisions with a share, or one that had and may still have instances. */
  readonly keys: readonly string[];
}

const unknownRetryMs = 1_000;

/** Puts services before the workloads of an activator, which is disposed with it. */
export function createTrafficActivator(workloads: Activator): TrafficActivator {
  return new Traffic(workloads);
}

class Traffic implements TrafficActivator {
  private readonly workloads: Activator;
  private readonly services = new Map<string, Service>();
  /** Service by the key of a revision that it leads to, or led to. */
  private readonly serviceOf = new Map<string, string>();
  /** What was told last, for revisions that calls are led to later. */
  private readonly backlogs = new Map<string, number>();
  private readonly capacity = new Listeners<string>();
  readonly apply: Activator["apply"];
  readonly onLine: Activator["onLine"];
  readonly onChange: Activator["onChange"];

  constructor(workloads: Activator) {
    this.workloads = workloads;
    this.apply = (workload) => workloads.apply(workload);
    this.onLine = (listener) => workloads.onLine((line) => listener(this.renamed(line)));
    this.onChange = (listener) => workloads.onChange((change) => listener(this.renamed(change)));
    workloads.onCapacity((key) => {
      const service = this.serviceOf.get(key);
      this.capacity.tell(service ?? key);
    });
  }

  route(service: string, shares: readonly TrafficShare[]): void {
    const before = this.services.get(service);
    for (const { tag } of before?.shares ?? []) if (tag !== undefined) this.services.delete(`${service}#${tag}`);
    const left = (before?.keys ?? []).filter((key) => !shares.some((share) => share.key === key));
    const draining = left.filter((key) => this.workloads.status(key) !== undefined);
    for (const key of left) if (!draining.includes(key)) this.serviceOf.delete(key);
    // Those that keep a share are told theirs below.
    for (const key of before?.parts.keys() ?? []) this.workloads.backlog(key, 0);
    if (shares.length === 0) this.services.delete(service);
    else this.lead(service, shares, draining);
    this.tellBacklog(service);
    this.capacity.tell(service);
  }

  private lead(service: string, shares: readonly TrafficShare[], draining: readonly string[]): void {
    const keys = [...new Set([...shares.map(({ key }) => key), ...draining])];
    this.services.set(service, ledBy(shares, keys));
    for (const { key, tag } of shares) {
      this.serviceOf.set(key, service);
      if (tag === undefined) continue;
      this.services.set(`${service}#${tag}`, ledBy([{ key, percent: 100 }], [key]));
    }
  }

  remove(key: string): void {
    this.workloads.remove(key);
  }

  async acquire(key: string, signal: AbortSignal): Promise<InstanceAcquired> {
    for (;;) {
      const service = this.services.get(key);
      if (service === undefined) return this.workloads.acquire(key, signal);
      const revision = service.turns.take();
      if (revision === undefined) {
        return { kind: "held", reason: `${key} has no revision that takes calls`, retryAfterMs: unknownRetryMs };
      }
      const acquired = await this.workloads.acquire(revision, signal);
      const led = this.services.get(key);
      // One that has waited for a revision which another one has replaced is served by that.
      if (acquired.kind === "lease" || led === undefined || led.parts.has(revision)) return acquired;
    }
  }

  free(key: string): number {
    const service = this.services.get(key);
    if (service === undefined) return this.workloads.free(key);
    // Of those that calls are given to: a slot of a revision with a tag alone is of no use to others.
    let free = 0;
    for (const revision of service.parts.keys()) free += this.workloads.free(revision);
    return free;
  }

  cold(key: string): boolean {
    const service = this.services.get(key);
    if (service === undefined) return this.workloads.cold(key);
    for (const revision of service.parts.keys()) if (!this.workloads.cold(revision)) return false;
    return true;
  }

  anyCold(): boolean {
    return this.workloads.anyCold();
  }

  wake(key: string): void {
    const service = this.services.get(key);
    const revision = service === undefined ? key : service.turns.next;
    if (revision !== undefined) this.workloads.wake(revision);
  }

  backlog(key: string, count: number): void {
    if (count > 0) this.backlogs.set(key, count);
    else this.backlogs.delete(key);
    this.tellBacklog(key);
  }

  expect(key: string, at: number): void {
    const service = this.services.get(key);
    const likeliest = service?.shares.reduce((best, share) => (share.percent > best.percent ? share : best)).key;
    this.workloads.expect(likeliest ?? key, at);
  }

  onCapacity(listener: (key: string) => void): () => void {
    return this.capacity.add(listener);
  }

  status(key: string): WorkloadStatus | undefined {
    const service = this.services.get(key);
    if (service === undefined) return this.workloads.status(key);
    const each = service.keys.map((revision) => this.workloads.status(revision)).filter((it) => it !== undefined);
    if (each.length === 0) return undefined;
    // One that takes no calls may fail: the service does not.
    const called = service.shares.filter(({ percent }) => percent > 0).map((share) => this.workloads.status(share.key));
    return { ...together(key, each), failure: called.find((status) => status?.failure !== undefined)?.failure };
  }

  revision(key: string): WorkloadStatus | undefined {
    return this.workloads.status(key);
  }

  lines(key: string): readonly InstanceLine[] {
    const service = this.services.get(key);
    if (service === undefined) return this.workloads.lines(key);
    const lines = service.keys.flatMap((revision) => this.workloads.lines(revision).map((line) => this.renamed(line)));
    return lines.sort((a, b) => a.at - b.at);
  }

  quiesce(): void {
    this.workloads.quiesce();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.workloads[Symbol.asyncDispose]());
  }

  private tellBacklog(key: string): void {
    const service = this.services.get(key);
    const count = this.backlogs.get(key) ?? 0;
    if (service === undefined) {
      this.workloads.backlog(key, count);
      return;
    }
    for (const [revision, percent] of service.parts) {
      this.workloads.backlog(revision, Math.ceil((count * percent) / 100));
    }
  }

  /** What happened to a revision is told of its service; the instance's name says which revision it is of. */
  private renamed<Told extends InstanceLine | InstanceChange>(told: Told): Told {
    const service = this.serviceOf.get(told.key);
    if (service === undefined) return told;
    return { ...told, key: service, revision: told.key.slice(told.key.lastIndexOf("/") + 1) };
  }
}

function ledBy(shares: readonly TrafficShare[], keys: readonly string[]): Service {
  const parts = new Map<string, number>();
  for (const { key, percent } of shares) if (percent > 0) parts.set(key, (parts.get(key) ?? 0) + percent);
  return { turns: new TrafficTurns(shares), shares, parts, keys };
}

/** The status of a service out of those of its revisions. */
function together(key: string, each: readonly WorkloadStatus[]): Omit<WorkloadStatus, "failure"> {
  const sum = (count: (status: WorkloadStatus) => number) => each.reduce((all, status) => all + count(status), 0);
  const causes: Record<string, number> = {};
  for (const { failuresByCause } of each) {
    for (const [cause, count] of Object.entries(failuresByCause)) causes[cause] = (causes[cause] ?? 0) + count;
  }
  return {
    key,
    instances: {
      starting: sum(({ instances }) => instances.starting),
      ready: sum(({ instances }) => instances.ready),
      frozen: sum(({ instances }) => instances.frozen),
      stopping: sum(({ instances }) => instances.stopping),
    },
    inFlight: sum((status) => status.inFlight),
    waiting: sum((status) => status.waiting),
    backlog: sum((status) => status.backlog),
    wanted: sum((status) => status.wanted),
    leases: {
      cold: sum(({ leases }) => leases.cold),
      thawed: sum(({ leases }) => leases.thawed),
      warm: sum(({ leases }) => leases.warm),
    },
    coldStarts: sum((status) => status.coldStarts),
    prewarmed: sum((status) => status.prewarmed),
    startFailures: sum((status) => status.startFailures),
    failuresByCause: causes,
    ownStart: slowest(each.map((status) => status.ownStart)),
    ourStart: slowest(each.map((status) => status.ourStart)),
    instanceSeconds: sum((status) => status.instanceSeconds),
    discoveredPort: each.find((status) => status.discoveredPort !== undefined)?.discoveredPort,
  };
}

/** Quantiles cannot be added up: the slower revision's are shown. */
function slowest(times: readonly (StartTimes | undefined)[]): StartTimes | undefined {
  return times.reduce((worst, each) => (each && (!worst || each.p95 > worst.p95) ? each : worst), undefined);
}
