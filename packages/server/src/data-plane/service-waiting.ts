import type { Clock } from "@rouse/base";
import type { InstanceLease } from "@rouse/serving-client";
import type { ServiceFacts, Services } from "./lookups.ts";
import type { Refusal } from "./problem.ts";

/** An instance for a call, or why there is none. */
export type Leased =
  | { readonly kind: "lease"; readonly lease: InstanceLease }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly waitedMs: number }
  /** The caller went away while it waited. */
  | { readonly kind: "gone" };

const defaultSlots = 1_000;
const waitingPerSlot = 10;
/** So that a Service of one slot, too, takes a burst; and no Service lets the process fill up. */
const waitingFloor = 100;
const waitingCeiling = 10_000;
const busyRetryMs = 1_000;
const lateRetryMs = 5_000;

/** The calls that wait for an instance; for each Service no more than ten times its slots, and at least 100. */
export class ServiceWaiting {
  private readonly waiting = new Map<string, number>();
  private readonly services: Services;
  private readonly clock: Clock;

  constructor(services: Services, clock: Clock) {
    this.services = services;
    this.clock = clock;
  }

  /** Waits for an instance, for as long as a start may take; `gone` is the caller leaving. The lease is the caller's to release. */
  async lease(key: string, facts: ServiceFacts, gone: AbortSignal): Promise<Leased> {
    const before = this.waiting.get(key) ?? 0;
    if (gone.aborted) return { kind: "gone" };
    if (before >= waitingMax(facts)) return { kind: "refused", refusal: busy, waitedMs: 0 };
    this.waiting.set(key, before + 1);
    const since = this.clock.monotonic();
    const patience = new AbortController();
    const leave = () => patience.abort(gone.reason);
    const timer = this.clock.setTimer(facts.startTimeoutMs, () => patience.abort(late));
    gone.addEventListener("abort", leave, { once: true });
    try {
      const acquired = await this.services.acquire(key, patience.signal);
      if (acquired.kind === "lease") {
        if (!gone.aborted) return acquired;
        acquired.lease.release();
        return { kind: "gone" };
      }
      const reason = wordOf(acquired.failure?.reason) ?? wordOf(acquired.reason);
      return { kind: "refused", refusal: unavailable(reason, acquired.retryAfterMs), waitedMs: this.elapsed(since) };
    } catch (thrown) {
      if (gone.aborted) return { kind: "gone" };
      const refusal = thrown === late ? tooLate : unavailable(undefined, lateRetryMs);
      return { kind: "refused", refusal, waitedMs: this.elapsed(since) };
    } finally {
      timer.cancel();
      gone.removeEventListener("abort", leave);
      this.left(key);
    }
  }

  private elapsed(since: number): number {
    return this.clock.monotonic() - since;
  }

  private left(key: string): void {
    const after = (this.waiting.get(key) ?? 1) - 1;
    if (after > 0) this.waiting.set(key, after);
    else this.waiting.delete(key);
  }
}

const late = new Error("no instance was free in time");

function waitingMax({ slots = defaultSlots }: ServiceFacts): number {
  return Math.min(waitingCeiling, waitingFloor + waitingPerSlot * slots);
}

/** The words of conditions are for everybody; sentences may have what the program printed. */
function wordOf(reason: string | undefined): string | undefined {
  return reason !== undefined && /^[A-Z][A-Za-z]{1,62}$/.test(reason) ? reason : undefined;
}

function unavailable(word: string | undefined, retryAfterMs: number): Refusal {
  return {
    status: 503,
    code: "SERVER_SERVICE_UNAVAILABLE",
    detail: word === undefined ? "the service has no instance now" : `the service has no instance now: ${word}`,
    hint: "call again after the delay; the service's status has the reason",
    retryAfterMs,
  };
}

const tooLate: Refusal = {
  ...unavailable(undefined, lateRetryMs),
  detail: "no instance of the service was free within the time that a start may take",
};

const busy: Refusal = {
  status: 503,
  code: "SERVER_SERVICE_BUSY",
  detail: "too many calls wait for the service",
  hint: "call again after the delay; max-scale and containerConcurrency say how many it takes at once",
  retryAfterMs: busyRetryMs,
};
