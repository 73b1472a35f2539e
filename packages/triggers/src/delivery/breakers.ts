import type { Clock } from "@rouse/base";
import { type Admission, admit, type BreakerState, closedBreaker, isTrial, settle, withdraw } from "./breaker.ts";
import type { Health } from "./outcome.ts";

interface Entry {
  state: BreakerState;
  inFlight: number;
  /** Those of them that try a recovering target. */
  trials: number;
}

/** An attempt that a breaker let through; it must be given back, by either way; only the first counts. */
export interface Pass {
  readonly kind: "pass";
  /** How it went; the answer is set when a failure is not counted: wait that many milliseconds. */
  settle(health: Health): number | undefined;
  /** No attempt came of it. */
  withdraw(): void;
}

/** The breakers of all targets, by capacity key; those that know nothing take no room. */
export class Breakers {
  private readonly entries = new Map<string, Entry>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** How many targets are in doubt or have attempts in flight. */
  get size(): number {
    return this.entries.size;
  }

  /** Asks for an attempt on a target. */
  enter(key: string, holdMaxMs: number): Pass | Extract<Admission, { kind: "hold" }> {
    const entry = this.entries.get(key) ?? { state: closedBreaker, inFlight: 0, trials: 0 };
    const { state, admission } = admit(entry.state, this.clock.monotonic(), entry.trials, holdMaxMs);
    entry.state = state;
    if (admission.kind === "hold") return admission;
    entry.inFlight += 1;
    const trial = isTrial(admission) ? 1 : 0;
    entry.trials += trial;
    this.entries.set(key, entry);
    let left = false;
    return {
      kind: "pass",
      settle: (health) => {
        if (left) return undefined;
        left = true;
        entry.trials -= trial;
        const settled = settle(entry.state, admission, health, this.clock.monotonic(), holdMaxMs);
        this.leave(key, entry, settled.state);
        return settled.downMs;
      },
      withdraw: () => {
        if (left) return;
        left = true;
        entry.trials -= trial;
        this.leave(key, entry, withdraw(entry.state, admission));
      },
    };
  }

  private leave(key: string, entry: Entry, state: BreakerState): void {
    entry.state = state;
    entry.inFlight -= 1;
    const knowsNothing = state.kind === "closed" && state.downs === 0;
    if (knowsNothing && entry.inFlight === 0) this.entries.delete(key);
  }
}
