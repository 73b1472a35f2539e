import { nextStep } from "../attempts/next-step.ts";
import { noteAnswer } from "../attempts/trigger-state.ts";
import type { Verdict } from "../delivery.ts";
import type { LaneCopy } from "../format/lane-copy.ts";
import { deliveryKey } from "../format/message-id.ts";
import type { LaneParts } from "../lanes/lane-parts.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Route } from "../route.ts";
import type { Spillable, SpillWatch } from "./spill-watch.ts";

/** What {@link DirectDelivery} is made of. */
export interface DirectParts<R extends Route> {
  readonly shared: LaneParts<R>;
  readonly lanes: Lanes<R>;
  readonly watch: SpillWatch;
  /** An attempt of this trigger has ended. */
  readonly onEnded: (uid: string) => void;
}

/**
 * The first attempt of an event for one trigger, made while the log still holds the event for us. When it takes too
 * long its copy is spilled into the lane and the attempt goes on; whoever is handed that copy meets the attempt here.
 */
export class DirectDelivery<R extends Route> implements Spillable {
  readonly startedAt: number;
  private readonly parts: DirectParts<R>;
  private readonly copy: LaneCopy;
  private readonly route: R;
  private spilled: Promise<void> | undefined;
  private resolve: () => void = () => {};
  private reject: (reason: unknown) => void = () => {};

  constructor(parts: DirectParts<R>, copy: LaneCopy, route: R) {
    this.parts = parts;
    this.copy = copy;
    this.route = route;
    this.startedAt = parts.shared.clock.monotonic();
  }

  /** Resolves when the event is delivered, or stored where it waits or ends; rejects when it could not be stored. */
  run(): Promise<void> {
    const { shared, watch } = this.parts;
    shared.attempts.states.of(this.route.uid).direct++;
    watch.add(this);
    void shared.attempts.make(this.copy, this.route).then((verdict) => this.settle(verdict));
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  spill(): void {
    const { lanes, shared } = this.parts;
    shared.attempts.spill(this.copy, this.route.uid);
    const copy = { ...this.copy, spilledBy: shared.processId };
    this.spilled = lanes.put(this.route, copy, { overflow: true, reason: "the subscriber takes its time" });
    this.spilled.then(this.resolve, this.reject);
  }

  private async settle(verdict: Verdict): Promise<void> {
    const { shared, watch } = this.parts;
    watch.delete(this);
    const state = shared.attempts.states.of(this.route.uid);
    state.direct--;
    noteAnswer(state, shared.clock.monotonic() - this.startedAt);
    shared.faults("after-direct-delivery");
    this.parts.onEnded(this.route.uid);
    if (this.spilled) return;
    if (verdict.kind === "done") return this.resolve();
    try {
      await this.carryOut(verdict);
      this.resolve();
    } catch (failure) {
      this.reject(failure);
    }
  }

  private async carryOut(verdict: Verdict): Promise<void> {
    const { lanes, shared } = this.parts;
    const { copy, route } = this;
    const step = nextStep(copy, route, verdict, shared.clock.now());
    switch (step.kind) {
      case "finished":
        return;
      case "copy":
        return await lanes.put(route, step.copy);
      case "hold": {
        const options = { overflow: true, reason: step.reason };
        return await lanes.put(route, { ...copy, notBefore: step.notBefore }, options);
      }
      case "dead":
        await shared.dead.store(step.record);
        shared.attempts.settled.add(deliveryKey(copy.sequence, route.uid));
        return;
      default: {
        const unknown: never = step;
        return unknown;
      }
    }
  }
}
