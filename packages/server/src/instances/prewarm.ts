import type { Clock, Timer } from "@rouse/base";
import { type PlannedPing, PrewarmPlan } from "./prewarm-plan.ts";

/** What {@link createPrewarm} works with. */
export interface PrewarmParts<P extends PlannedPing> {
  readonly clock: Clock;
  /** All sources of planned events that there are. */
  readonly pings: () => Iterable<P>;
  /** The services, `<namespace>/<name>`, that the event of this tick is going to wake; those that do not want it left out. */
  readonly servicesOf: (ping: P, at: number) => readonly string[];
  /** Whether this process gets ready for events of the service, rather than another one. */
  readonly prepares: (key: string) => boolean;
  /** An event is expected for a service at this time; the same twice is one. */
  readonly expect: (key: string, at: number) => void;
  /** How long ahead a tick is expected; default 600,000. */
  readonly horizonMs?: number;
}

/** Tells ahead which services a planned tick is going to wake. */
export interface Prewarm {
  /** To be called when sources, triggers, services or processes changed; cheap, may be called often. */
  changed(): void;
  /** Nothing is expected any more. */
  close(): void;
}

const horizonDefaultMs = 600_000;
const settleMs = 200;

/**
 * Expects the next tick of every source, when it comes within the horizon and again after each tick, by one timer. The
 * tick itself may be delivered by another process than the one that prepared for it: the processes share the router's
 * cursor, and whoever reads the event delivers it, or leaves it in a lane.
 */
export function createPrewarm<P extends PlannedPing>(parts: PrewarmParts<P>): Prewarm {
  const { clock, pings, servicesOf, prepares, expect, horizonMs = horizonDefaultMs } = parts;
  const plan = new PrewarmPlan<P>(horizonMs);
  let settling: Timer | undefined;
  let looking: Timer | undefined;
  let closed = false;

  const look = () => {
    looking?.cancel();
    const { expected, nextLookMs } = plan.step(clock.now());
    for (const { ping, at } of expected) {
      for (const key of new Set(servicesOf(ping, at))) if (prepares(key)) expect(key, at);
    }
    looking = nextLookMs === undefined ? undefined : clock.setTimer(nextLookMs, look);
  };

  return {
    changed() {
      if (closed || settling) return;
      settling = clock.setTimer(settleMs, () => {
        settling = undefined;
        plan.renew(pings());
        look();
      });
    },
    close() {
      closed = true;
      settling?.cancel();
      looking?.cancel();
    },
  };
}
