import type { Clock, Timer } from "@rouse/base";
import type { BrokerTiming } from "../broker-timing.ts";
import type { FaultHook } from "../fault-points.ts";
import type { Route } from "../route.ts";
import type { Lane } from "./lane.ts";

const lookAgainMaxMs = 30_000;
/** Messages of which the cursor knows nothing are read again after this. */
const ghostGraceMs = 2_000;
/** Every message is held somewhere, perhaps by an attempt that takes this long, perhaps by nobody. */
const staleGraceMs = 900_000;

/** What {@link LaneCloser} is made of. */
export interface LaneCloserParts<R extends Route> {
  readonly clock: Clock;
  readonly faults: FaultHook;
  readonly timing: BrokerTiming;
  /** Messages that the stream holds for the trigger. */
  readonly count: (uid: string) => Promise<number>;
  /** The lane is to be forgotten; called before its cursor is deleted. */
  readonly onClosed: (lane: Lane<R>) => void;
}

/** What was seen of a lane, to know whether anything moves. */
interface Sight {
  readonly count: number;
  readonly ackPending: number;
  readonly generation: number;
  readonly since: number;
}

/**
 * Closes one lane after it has been idle, and reads ghosts again: messages that a work queue still holds though its
 * cursor knows nothing of them, as nats-server 2.9 leaves them after a crash. Whoever stored a copy keeps its lane until
 * it has seen the stream empty after its last copy; whether a lane is empty decides order and fairness, never delivery.
 */
export class LaneCloser<R extends Route> {
  private readonly parts: LaneCloserParts<R>;
  private readonly lane: Lane<R>;
  private timer: Timer;
  private sight: Sight | undefined;
  private readonly idleMs: number;
  private waitMs: number;

  constructor(parts: LaneCloserParts<R>, lane: Lane<R>) {
    this.parts = parts;
    this.lane = lane;
    this.idleMs = parts.timing.laneIdleMs;
    this.waitMs = this.idleMs;
    this.timer = parts.clock.setTimer(this.idleMs, this.look);
  }

  stop(): void {
    this.timer.cancel();
  }

  private readonly look = (): void => {
    void this.check()
      // The server is away; nothing is known of the lane.
      .catch(() => this.idleMs)
      .then((againMs) => {
        if (againMs !== undefined && !this.lane.closed) this.timer = this.parts.clock.setTimer(againMs, this.look);
      });
  };

  /** Milliseconds until the next look, or undefined when the lane was closed. */
  private async check(): Promise<number | undefined> {
    const { clock, count, faults, onClosed } = this.parts;
    const { idleMs, lane } = this;
    const idleForMs = clock.monotonic() - lane.activeAt;
    if (lane.holding > 0 || lane.storing > 0 || idleForMs < idleMs) {
      this.sight = undefined;
      this.waitMs = idleMs;
      return Math.max(idleMs - idleForMs, idleMs / 5);
    }
    const { generation } = lane;
    const info = await lane.cursor.info();
    const waiting = await count(lane.uid);
    if (lane.closed) return undefined;
    if (lane.generation !== generation || lane.holding > 0 || lane.storing > 0) return idleMs;
    const pending = info?.pending ?? 0;
    lane.seen(pending);
    const ackPending = info?.ackPending ?? 0;
    if (waiting === 0 && pending === 0 && ackPending === 0) {
      faults("drained-seen");
      lane.stop();
      onClosed(lane);
      // One that cannot be deleted now is opened by the next copy, and deleted then.
      await lane.cursor.delete();
      faults("durable-deleted");
      return undefined;
    }
    if (info && waiting > 0 && pending === 0) return await this.watchGhosts(waiting, ackPending);
    this.sight = undefined;
    lane.reader.ask();
    return idleMs;
  }

  private async watchGhosts(count: number, ackPending: number): Promise<number> {
    const { lane, sight } = this;
    const now = this.parts.clock.monotonic();
    const { generation } = lane;
    if (!sight || sight.count !== count || sight.ackPending !== ackPending || sight.generation !== generation) {
      this.sight = { count, ackPending, generation, since: now };
      this.waitMs = ackPending === 0 ? ghostGraceMs : this.idleMs;
      return this.waitMs;
    }
    // While others are held somewhere, those may yet be handed back.
    const heldGraceMs = count > ackPending ? 2 * this.parts.timing.laneAckWaitMs : staleGraceMs;
    const graceMs = ackPending === 0 ? ghostGraceMs : heldGraceMs;
    if (now - sight.since < graceMs) {
      this.waitMs = Math.min(2 * this.waitMs, lookAgainMaxMs);
      return this.waitMs;
    }
    this.sight = undefined;
    await lane.cursor.delete();
    await lane.reader.reopen();
    return this.idleMs;
  }
}
