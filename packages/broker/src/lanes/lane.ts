import type { Timer } from "@rouse/base";
import { failuresMax } from "../attempts/trigger-state.ts";
import { CursorReader } from "../log/cursor-reader.ts";
import type { Cursor, HeldMessage } from "../log/engine.ts";
import { KeepAlive } from "../log/keep-alive.ts";
import type { Route } from "../route.ts";
import { type LaneAccess, settleLaneMessage } from "./lane-message.ts";
import { type LaneParts, laneAckPendingMax, laneWindowMax } from "./lane-parts.ts";

/**
 * One trigger's own queue, as this process sees it. That a Lane exists means only that it is read; `overflow` means that
 * new events go into it. States: open (its reader opens the cursor as often as needed) → closed.
 */
export class Lane<R extends Route> {
  readonly uid: string;
  /** New events of the trigger go here, behind the ones that wait. */
  overflow = false;
  /** Copies that this process has stored, or begun to. */
  generation = 0;
  /** Copies being stored by this process. */
  storing = 0;
  closed = false;
  /** Monotonic time of the last message or copy. */
  activeAt: number;
  readonly cursor: Cursor;
  readonly reader: CursorReader;
  private readonly parts: LaneParts<R>;
  private readonly lanes: LaneAccess<R>;
  private readonly held = new Set<HeldMessage>();
  private readonly keepAlive: KeepAlive;
  private heldUntil = 0;
  private wakeUp: Timer | undefined;

  constructor(parts: LaneParts<R>, lanes: LaneAccess<R>, uid: string) {
    const { clock, faults, names, stream, timing } = parts;
    this.parts = parts;
    this.lanes = lanes;
    this.uid = uid;
    this.activeAt = clock.monotonic();
    this.keepAlive = new KeepAlive(clock, timing.laneAckWaitMs);
    this.cursor = stream.cursor({
      name: names.laneCursor(uid),
      filterSubject: names.laneSubject(uid),
      ackWaitMs: timing.laneAckWaitMs,
      maxAckPending: laneAckPendingMax,
    });
    this.reader = new CursorReader({
      cursor: this.cursor,
      clock,
      window: () => this.window(),
      onMessage: this.take,
      onOpened: () => faults("durable-created"),
    });
  }

  /** Messages handed out here and not settled. */
  get holding(): number {
    return this.held.size;
  }

  /** The target's answer may have changed. */
  capacityChanged(): void {
    const route = this.lanes.route(this.uid);
    if (this.heldUntil > 0 && route && this.parts.capacity.free(route.target) > 0) this.heldUntil = 0;
    this.reader.ask();
  }

  /** Takes nothing more; what is under way goes on. */
  stop(): void {
    this.closed = true;
    this.reader.stop();
    this.wakeUp?.cancel();
  }

  /** Hands back what is still held: to be called when this process will not finish it. */
  release(): void {
    this.keepAlive.release();
  }

  private window(): number {
    const { attempts, capacity, clock, configuration } = this.parts;
    if (this.closed || !configuration.loaded) return 0;
    const route = this.lanes.route(this.uid);
    if (!route) return laneWindowMax;
    if (route.paused || this.heldUntil > clock.now()) return 0;
    if (attempts.states.of(this.uid).failures >= failuresMax) return 1;
    const most = Math.min(laneWindowMax, route.maxInFlight);
    // At least one, so that somebody asks a target that is cold, down or full how it is.
    return Math.max(1, Math.min(most, this.held.size + capacity.free(route.target)));
  }

  private readonly take = (message: HeldMessage): void => {
    if (this.closed) {
      message.nak();
      return;
    }
    this.held.add(message);
    this.keepAlive.add(message);
    this.activeAt = this.parts.clock.monotonic();
    void this.settle(message);
  };

  private async settle(message: HeldMessage): Promise<void> {
    const settlement = await settleLaneMessage(this.parts, this.lanes, this.uid, message);
    this.held.delete(message);
    this.keepAlive.delete(message);
    this.activeAt = this.parts.clock.monotonic();
    if (settlement.kind === "ack") {
      message.ack();
      if (settlement.over && message.pending === 0 && this.storing === 0) this.overflow = false;
      return;
    }
    if (settlement.held) this.hold(settlement.delayMs);
    message.nak(settlement.delayMs);
  }

  private hold(delayMs: number): void {
    if (this.closed) return;
    this.heldUntil = this.parts.clock.now() + delayMs;
    this.wakeUp?.cancel();
    this.wakeUp = this.parts.clock.setTimer(delayMs, () => {
      this.heldUntil = 0;
      this.reader.ask();
    });
  }
}
