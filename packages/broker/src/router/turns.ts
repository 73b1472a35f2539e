import type { Clock } from "@rouse/base";
import type { Route } from "../route.ts";
import { type Spillable, SpillWatch } from "./spill-watch.ts";

/** How long an event may wait in memory for its turn with a trigger that is busy. */
const turnMs = 500;

/** What may happen to an event that waits. */
export interface TurnMoves {
  /** It is its turn. */
  deliver(): Promise<void>;
  /** It is not to wait any longer here. */
  spill(reason: string): Promise<void>;
}

/** Whether a trigger takes one more now, perhaps later, or none here at all. */
export type Way =
  | { readonly kind: "direct" }
  | { readonly kind: "turn"; readonly reason: string }
  | { readonly kind: "lane"; readonly reason: string };

interface Turn extends Spillable {
  begin(): void;
  leave(reason: string): void;
}

/**
 * Events for triggers that are busy, each in the order of the log: a trigger that keeps up is given a moment before its
 * lane is opened, because a detour through the lane costs more than the delivery. One that makes an event wait longer
 * does not keep up, and what waits for it goes into its lane. Until then its events take places of the router's window.
 */
export class Turns<R extends Route> {
  private readonly clock: Clock;
  private readonly wayOf: (route: R) => Way;
  private readonly told: (route: R, count: number) => void;
  private readonly watch: SpillWatch;
  private readonly queues = new Map<string, { readonly route: R; readonly turns: Set<Turn> }>();

  /**
   * @param wayOf asked for the first of a trigger's waiting events when its turn may have come.
   * @param told hears how many events of a trigger wait, after every change; the route is the one they wait with.
   */
  constructor(clock: Clock, wayOf: (route: R) => Way, told: (route: R, count: number) => void = () => {}) {
    this.clock = clock;
    this.wayOf = wayOf;
    this.told = told;
    this.watch = new SpillWatch(clock, turnMs);
  }

  /** How many events of the trigger wait; the next has to wait behind them. */
  waiting(uid: string): number {
    return this.queues.get(uid)?.turns.size ?? 0;
  }

  /** Resolves or rejects as the move does that is made in the end. */
  wait(route: R, moves: TurnMoves, reason: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (work: () => Promise<void>) => {
        this.remove(route.uid, turn);
        work().then(resolve, reject);
      };
      const turn: Turn = {
        startedAt: this.clock.monotonic(),
        begin: () => go(() => moves.deliver()),
        leave: (why) => go(() => moves.spill(why)),
        spill: () => turn.leave(reason),
      };
      const queue = this.queues.get(route.uid);
      if (queue) queue.turns.add(turn);
      else this.queues.set(route.uid, { route, turns: new Set([turn]) });
      this.watch.add(turn);
      this.tell(route.uid);
    });
  }

  /** The trigger may take more, or nothing any more. */
  advance(uid: string): void {
    const queue = this.queues.get(uid);
    if (!queue) return;
    for (const turn of queue.turns) {
      const way = this.wayOf(queue.route);
      if (way.kind === "turn") return;
      if (way.kind === "direct") turn.begin();
      else turn.leave(way.reason);
    }
  }

  /** The target's answer may have changed. */
  capacityChanged(target: string): void {
    for (const [uid, { route }] of this.queues) if (route.target === target) this.advance(uid);
  }

  /** Forgets all that wait. */
  stop(): void {
    this.watch.stop();
    this.queues.clear();
  }

  private remove(uid: string, turn: Turn): void {
    this.watch.delete(turn);
    const queue = this.queues.get(uid);
    if (!queue?.turns.delete(turn)) return;
    this.told(queue.route, queue.turns.size);
    if (queue.turns.size === 0) this.queues.delete(uid);
  }

  private tell(uid: string): void {
    const queue = this.queues.get(uid);
    if (queue) this.told(queue.route, queue.turns.size);
  }
}
