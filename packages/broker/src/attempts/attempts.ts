import { setMaxListeners } from "node:events";
import { type Clock, messageOf } from "@rouse/base";
import type { Deliver, Verdict } from "../delivery.ts";
import { deliveryOf, type LaneCopy } from "../format/lane-copy.ts";
import { copyId, deliveryKey } from "../format/message-id.ts";
import type { Journal } from "../journal.ts";
import type { Route } from "../route.ts";
import { SettledKeys } from "./settled.ts";
import { TriggerStates } from "./trigger-state.ts";

/** How long an attempt waits whose deliverer broke its promise and rejected. */
const afterBugMs = 1_000;

/** Verdicts kept for spilled copies that have not come back yet. */
const unclaimedMax = 2_000;

/** What {@link Attempts} is made of. */
export interface AttemptsParts<R extends Route> {
  readonly namespace: string;
  readonly broker: string;
  readonly clock: Clock;
  readonly deliver: Deliver<R>;
  readonly journal: Journal;
}

/**
 * Makes attempts, each once at a time in this process, and remembers what came of them: what is settled is never
 * delivered again here, whatever the server hands out after a crash.
 */
export class Attempts<R extends Route> {
  /** Events and triggers with nothing left to do. */
  readonly settled = new SettledKeys();
  /** Copies whose successor is stored, by copy id. */
  readonly superseded = new SettledKeys();
  readonly states = new TriggerStates();
  private readonly parts: AttemptsParts<R>;
  private readonly running = new Map<string, Promise<Verdict>>();
  private readonly spilled = new Set<string>();
  private readonly unclaimed = new Map<string, Verdict>();
  private readonly controller = new AbortController();

  constructor(parts: AttemptsParts<R>) {
    this.parts = parts;
    // Any number of attempts may listen to the one signal; that is no leak.
    setMaxListeners(0, this.controller.signal);
  }

  /** Attempts under way. */
  get count(): number {
    return this.running.size;
  }

  /** Makes the attempt, or joins the one of the same id that is under way or was spilled. Never rejects. */
  make(copy: LaneCopy, route: R): Promise<Verdict> {
    const id = copyId(copy.sequence, route.uid, copy.stage, copy.attempt);
    const earlier = this.earlier(id);
    if (earlier) return earlier;
    const attempt = this.run(copy, route, id);
    this.running.set(id, attempt);
    return attempt;
  }

  /** True while the attempt is under way here. */
  isRunning(id: string): boolean {
    return this.running.has(id);
  }

  /** True when nothing is left to do for the copy in this process's memory. */
  isOver(copy: LaneCopy, routeUid: string): boolean {
    return (
      this.settled.has(deliveryKey(copy.sequence, routeUid)) ||
      this.superseded.has(copyId(copy.sequence, routeUid, copy.stage, copy.attempt))
    );
  }

  /** The attempt takes too long: its copy goes to the lane, and its verdict is kept for whoever gets that copy. */
  spill(copy: LaneCopy, routeUid: string): void {
    this.spilled.add(copyId(copy.sequence, routeUid, copy.stage, copy.attempt));
    this.states.of(routeUid).slow = true;
  }

  /** Tells every attempt under way that this process is going down. */
  abort(): void {
    this.controller.abort(new Error("the broker is being closed"));
  }

  private earlier(id: string): Promise<Verdict> | undefined {
    const running = this.running.get(id);
    if (running) return running;
    const verdict = this.unclaimed.get(id);
    if (!verdict) return undefined;
    this.unclaimed.delete(id);
    return Promise.resolve(verdict);
  }

  private async run(copy: LaneCopy, route: R, id: string): Promise<Verdict> {
    const { namespace, broker, clock, deliver, journal } = this.parts;
    let verdict: Verdict;
    try {
      verdict = await deliver(deliveryOf(namespace, broker, copy, route), this.controller.signal);
    } catch (bug) {
      const failure = { reason: "internal", message: `the deliverer failed: ${messageOf(bug)}` };
      verdict = { kind: "again", notBefore: clock.now() + afterBugMs, failure };
    }
    this.running.delete(id);
    const wasSpilled = this.spilled.delete(id);
    this.remember(copy, route, verdict);
    if (wasSpilled && verdict.kind !== "done") this.keep(id, verdict);
    journal({
      namespace,
      broker,
      sequence: copy.sequence,
      at: clock.now(),
      kind: "attempt",
      trigger: route.name,
      stage: copy.stage,
      attempt: copy.attempt,
      verdict: verdict.kind,
      ...(verdict.kind === "again" || verdict.kind === "dead" ? { failure: verdict.failure } : undefined),
      ...(verdict.kind === "again" || verdict.kind === "hold" ? { notBefore: verdict.notBefore } : undefined),
      ...(verdict.kind === "hold" ? { reason: verdict.reason } : undefined),
      ...(verdict.note ? { note: verdict.note } : undefined),
    });
    return verdict;
  }

  private remember(copy: LaneCopy, route: R, verdict: Verdict): void {
    if (copy.stage !== "subscriber") return;
    if (verdict.kind === "done") {
      const state = this.states.of(route.uid);
      state.failures = 0;
      state.slow = false;
      this.settled.add(deliveryKey(copy.sequence, route.uid));
    }
    if (verdict.kind === "again") this.states.of(route.uid).failures++;
  }

  private keep(id: string, verdict: Verdict): void {
    this.unclaimed.set(id, verdict);
    if (this.unclaimed.size <= unclaimedMax) return;
    const oldest = this.unclaimed.keys().next();
    if (!oldest.done) this.unclaimed.delete(oldest.value);
  }
}
