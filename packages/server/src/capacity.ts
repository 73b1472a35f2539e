import type { Capacity } from "@rouse/broker";
import { rouseAnnotations } from "@rouse/resources";
import type { Activator } from "@rouse/serving-client";
import type { Target } from "@rouse/triggers";

/** The slots of plain URLs, counted by the dispatcher. */
export interface UrlSlots {
  free(targetKey: string): number;
  onChange(listener: (targetKey: string) => void): () => void;
}

/** More than the slots of any service, which limits deliveries by itself. */
const serviceInFlightMax = 10_000;

/** How many deliveries of a trigger may be in flight at once: as declared, else what suits the subscriber. */
export function inFlightMax(target: Target, declared?: number): number {
  return declared ?? (target.kind === "service" ? serviceInFlightMax : rouseAnnotations.maxInFlight.default);
}

const servicePrefix = "service:";
const urlPrefix = "url:";

/** What waits for services in lanes, added up: each service is told when its own sum changes, and only then. */
class Backlogs {
  private readonly activator: Pick<Activator, "backlog">;
  private readonly services = new Map<string, { sum: number; readonly owners: Map<string, number> }>();

  constructor(activator: Pick<Activator, "backlog">) {
    this.activator = activator;
  }

  set(key: string, owner: string, count: number): void {
    let service = this.services.get(key);
    if (!service) {
      if (count === 0) return;
      service = { sum: 0, owners: new Map() };
      this.services.set(key, service);
    }
    const before = service.owners.get(owner) ?? 0;
    if (count === before) return;
    service.sum += count - before;
    if (count > 0) service.owners.set(owner, count);
    else if (service.owners.delete(owner) && service.owners.size === 0) this.services.delete(key);
    this.activator.backlog(key, service.sum);
  }

  /** Tells a service that may be another one under the same name. */
  tellAgain(key: string): void {
    const service = this.services.get(key);
    if (service) this.activator.backlog(key, service.sum);
  }
}

/** Capacity over every kind of target: services ask the serving client, URLs their own count, the rest have none. */
export function createCapacity(activator: Activator, urls: UrlSlots): Capacity & { changed(target: string): void } {
  const listeners = new Set<(target: string) => void>();
  const backlogs = new Backlogs(activator);
  const keyOf = (target: string) => (target.startsWith(servicePrefix) ? target.slice(servicePrefix.length) : undefined);
  return {
    free(target) {
      const key = keyOf(target);
      if (key !== undefined) return activator.free(key);
      return target.startsWith(urlPrefix) ? urls.free(target) : 0;
    },
    cold(target) {
      const key = keyOf(target);
      return key !== undefined && activator.cold(key);
    },
    anyCold: () => activator.anyCold(),
    wake(target) {
      const key = keyOf(target);
      if (key !== undefined) activator.wake(key);
    },
    backlog(target, owner, count) {
      const key = keyOf(target);
      if (key !== undefined) backlogs.set(key, owner, count);
    },
    onChange(listener) {
      listeners.add(listener);
      const stops = [activator.onCapacity((key) => listener(servicePrefix + key)), urls.onChange(listener)];
      return () => {
        listeners.delete(listener);
        for (const stop of stops) stop();
      };
    },
    /** Tells listeners that a target may have come or gone for another reason (its object changed). */
    changed(target) {
      const key = keyOf(target);
      if (key !== undefined) backlogs.tellAgain(key);
      for (const listener of listeners) listener(target);
    },
  };
}
