import type { Capacity } from "@rouse/broker";
import type { Activator } from "@rouse/serving-client";

/** The slots of plain URLs, counted by the dispatcher. */
export interface UrlSlots {
  free(targetKey: string): number;
  onChange(listener: (targetKey: string) => void): () => void;
}

const servicePrefix = "service:";
const urlPrefix = "url:";

/** Capacity over every kind of target: services ask the serving client, URLs their own count, the rest have none. */
export function createCapacity(activator: Activator, urls: UrlSlots): Capacity & { changed(target: string): void } {
  const listeners = new Set<(target: string) => void>();
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
      for (const listener of listeners) listener(target);
    },
  };
}
