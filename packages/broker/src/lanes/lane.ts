import type { Timer } from "@rouse/base";
import { failuresMax } from "../attempts/trigger-state.ts";
import { CursorReader } from "../log/cursor-reader.ts";
import type { Cursor, HeldMessage } from "../log/engine.ts";
import { KeepAlive } from "../log/keep-alive.ts";
import type { Route } from "../route.ts";
import { type LaneAccess, settleLaneMessage } from "./lane-message.ts";
import type { LaneParts } from "./lane-parts.ts";
import { type LaneBounds, LaneWindow, laneAckPendingMax, strangerWindowMax, usableSlots } from "./lane-window.ts";
import { Returned } from "./returned.ts";
import type { SlotShare } from "./slot-shares.ts";

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
  /** Messages that were handed out here so far. */
  taken = 0;
  closed = false;
  /** Monotonic time of the last message or copy. */
  activeAt: number;
  readonly cursor: Cursor;
  readonly reader: CursorReader;
  private readonly parts: LaneParts<R>;
  private readonly lanes: LaneAccess<R>;
  private readonly held = new Set<HeldMessage>();
  private readonly keepAlive: KeepAlive;
  private readonly share: SlotShare;
  private readonly size = new LaneWindow();
  /** Messages not handed out yet, as far as is known: as of the last one that was, and what was stored here since. */
  private waiting = 0;
  /** Those of them, by sequence, that are copies of attempts under way here: they wait for no slot, they have one. */
  private readonly spilled = new Set<number>();
  /** Those that wait for a time of their own; they are not among the ones above. */
  private readonly returned = new Returned();
  private returnedDue = 0;
  /** The highest sequence that was handed out. */
  private newest = 0;
  /** What the capacity was told last. */
  private told: { readonly target: string; readonly count: number } | undefined;
  private heldUntil = 0;
  private wakeUp: Timer | undefined;

  constructor(parts: LaneParts<R>, lanes: LaneAccess<R>, uid: string, share: SlotShare) {
    const { clock, faults, names, stream, timing } = parts;
    this.parts = parts;
    this.lanes = lanes;
    this.uid = uid;
    this.share = share;
    share.lead(lanes.route(uid)?.target);
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

  /** The trigger may have another target, be paused, or go on. */
  configurationChanged(): void {
    this.count();
    this.reader.ask();
  }

  /**
   * This process has stored a copy.
   * @param begun how many messages had been taken when that began.
   * @param spilled it is of an attempt that is under way here.
   */
  stored(sequence: number, begun: number, spilled: boolean): void {
    // One that was handed out meanwhile does not wait any more.
    if (sequence <= this.newest) return;
    // What was taken meanwhile has counted it, or has not: the next message tells.
    if (begun === this.taken || this.waiting === 0) this.waiting++;
    if (spilled) this.spilled.add(sequence);
    this.count();
    if (this.waiting === 1) this.reader.ask();
  }

  /** So many messages are not handed out yet: other processes take and store them, too. */
  seen(pending: number): void {
    this.waiting = pending;
    if (pending === 0) this.spilled.clear();
    this.returned.passedOver(this.parts.clock.monotonic());
    this.count();
  }

  /** Takes nothing more; what is under way goes on. */
  stop(): void {
    this.closed = true;
    this.reader.stop();
    this.wakeUp?.cancel();
    this.count();
  }

  /** Hands back what is still held: to be called when this process will not finish it. */
  release(): void {
    this.keepAlive.release();
  }

  private window(): number {
    const { capacity, clock, configuration } = this.parts;
    if (this.closed || !configuration.loaded) return 0;
    const route = this.lanes.route(this.uid);
    if (!route) return strangerWindowMax;
    if (route.paused || this.heldUntil > clock.now()) {
      this.share.pass();
      return 0;
    }
    if (this.returned.due(clock.monotonic()) !== this.returnedDue) this.count();
    const most = this.size.most(this.bounds(route));
    return this.share.grant(capacity.free(route.target), most);
  }

  private bounds({ maxInFlight }: R): LaneBounds {
    return { maxInFlight, failing: this.parts.attempts.states.of(this.uid).failures >= failuresMax };
  }

  /** Tells those who share the target's slots, and whoever adds slots, what is here. */
  private count(): void {
    const { capacity, clock } = this.parts;
    const route = this.closed ? undefined : this.lanes.route(this.uid);
    this.returnedDue = this.returned.due(clock.monotonic());
    const waiting = route?.paused ? 0 : Math.max(0, this.waiting - this.spilled.size) + this.returnedDue;
    this.share.lead(route?.target);
    this.share.set(this.held.size, waiting);
    if (!capacity.backlog) return;
    const { told } = this;
    if (told && told.target !== route?.target) {
      this.told = undefined;
      if (told.count > 0) capacity.backlog(told.target, this.uid, 0);
    }
    if (!route) return;
    const count = Math.min(waiting, usableSlots(this.bounds(route), this.held.size));
    if (count === (this.told?.count ?? 0)) return;
    this.told = { target: route.target, count };
    capacity.backlog(route.target, this.uid, count);
  }

  private readonly take = (message: HeldMessage): void => {
    if (this.closed) {
      message.nak();
      return;
    }
    this.held.add(message);
    this.keepAlive.add(message);
    this.size.taken(message);
    this.noteTaken(message);
    this.activeAt = this.parts.clock.monotonic();
    void this.settle(message);
  };

  private noteTaken({ deliveries, pending, sequence }: HeldMessage): void {
    this.taken++;
    this.returned.taken(sequence);
    if (deliveries === 1) this.returned.passedOver(this.parts.clock.monotonic());
    this.newest = Math.max(this.newest, sequence);
    this.waiting = pending;
    for (const spilled of this.spilled) {
      if (spilled <= this.newest) this.spilled.delete(spilled);
    }
    this.count();
  }

  private async settle(message: HeldMessage): Promise<void> {
    const settlement = await settleLaneMessage(this.parts, this.lanes, this.uid, message);
    this.held.delete(message);
    this.keepAlive.delete(message);
    this.count();
    this.activeAt = this.parts.clock.monotonic();
    if (settlement.kind === "ack") {
      message.ack();
      if (settlement.over && message.pending === 0 && this.storing === 0) this.overflow = false;
      return;
    }
    if (settlement.held) this.hold(settlement.delayMs);
    this.returned.add(message.sequence, this.parts.clock.monotonic() + settlement.delayMs);
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
