import type { CloudEvent } from "@rouse/events";
import { failuresMax } from "../attempts/trigger-state.ts";
import type { LaneCopy } from "../format/lane-copy.ts";
import { decodeLogMessage, type LogMessage } from "../format/message.ts";
import { copyId, deliveryKey } from "../format/message-id.ts";
import type { LaneParts } from "../lanes/lane-parts.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { MessageWindow } from "../lanes/message-window.ts";
import { CursorReader } from "../log/cursor-reader.ts";
import type { Cursor, HeldMessage } from "../log/engine.ts";
import { KeepAlive } from "../log/keep-alive.ts";
import type { Route } from "../route.ts";
import { DirectDelivery, type DirectParts } from "./direct-delivery.ts";
import { routerWindowBytesMax, routerWindowMax } from "./router-window.ts";
import { SpillWatch } from "./spill-watch.ts";
import { Turns, type Way } from "./turns.ts";

const directMax = routerWindowMax / 4;
const direct: Way = { kind: "direct" };
const othersWait = "others wait before it";
/** Tells the events that wait in memory from those in the trigger's lane. */
const turnOwner = "turns";
/** An event waits for its turn only when that is expected within this. */
const turnNearMs = 100;
/**
 * As above, while ingress is busy: it makes every attempt seem slow. A detour through the lane would be one more write
 * for each event, so that dispatch fell further behind, and the log would look routed to those who let events in.
 */
const turnNearBusyMs = 400;
const nakMs = 200;
const revisionWaitMs = 5_000;
/** How long an event waits for the route that it is meant for, when this process does not know it (yet, or any more). */
const strangerGraceMs = 2_000;

/** What {@link Router} is made of. */
export interface RouterParts<R extends Route> {
  readonly shared: LaneParts<R>;
  readonly lanes: Lanes<R>;
  readonly cursor: Cursor;
  /** Told of every message, in the order of handing out. */
  readonly onSeen: (message: HeldMessage) => void;
  /** Events come in faster than this process routes them. */
  readonly ingressBusy: () => boolean;
}

type LogEvent = Extract<LogMessage, { kind: "event" }>;

/**
 * The one cursor of a broker, shared by all replicas: matches every event once against all triggers, delivers it
 * directly where that is possible at once, and stores it in the lane everywhere else. It never waits for a subscriber,
 * and acks a message only when every match is delivered or stored.
 */
export class Router<R extends Route> {
  private readonly parts: RouterParts<R>;
  private readonly direct: DirectParts<R>;
  private readonly watch: SpillWatch;
  private readonly keepAlive: KeepAlive;
  private readonly window = new MessageWindow(routerWindowMax, routerWindowBytesMax);
  private readonly reader: CursorReader;
  private readonly turns: Turns<R>;
  private readonly listening: (() => void)[];
  private stopped = false;

  constructor(parts: RouterParts<R>) {
    const { clock, configuration, timing } = parts.shared;
    this.parts = parts;
    this.watch = new SpillWatch(clock, timing.spillAfterMs);
    const { capacity } = parts.shared;
    const told = ({ target, uid }: R, count: number) => capacity.backlog?.(target, `${uid} ${turnOwner}`, count);
    this.turns = new Turns(clock, (route) => this.wayOf(route), told);
    const onEnded = (uid: string) => this.turns.advance(uid);
    this.direct = { shared: parts.shared, lanes: parts.lanes, watch: this.watch, onEnded };
    this.keepAlive = new KeepAlive(clock, timing.routerAckWaitMs);
    this.reader = new CursorReader({
      cursor: parts.cursor,
      clock,
      window: () => (this.stopped || !configuration.loaded ? 0 : this.window.messages),
      onMessage: this.take,
    });
    this.listening = [
      configuration.onChange(() => this.reader.ask()),
      parts.shared.capacity.onChange((target) => this.turns.capacityChanged(target)),
    ];
  }

  /** Messages of the log held by this process. */
  get holding(): number {
    return this.keepAlive.size;
  }

  /** Asks for nothing more; what is held goes on. */
  stop(): void {
    this.stopped = true;
    for (const stop of this.listening) stop();
    this.reader.stop();
  }

  /** Forgets what is still held; the log hands it out again. */
  release(): void {
    this.turns.stop();
    this.keepAlive.release();
    this.watch.stop();
  }

  private readonly take = (message: HeldMessage): void => {
    if (this.stopped) {
      message.nak();
      return;
    }
    this.keepAlive.add(message);
    this.window.taken(message);
    this.parts.onSeen(message);
    try {
      this.read(message);
    } catch {
      // A bug in what the router asks (capacity, journal) must not end the connection's reader, nor lose the event.
      this.giveBack(message);
    }
  };

  private read(message: HeldMessage): void {
    let decoded: LogMessage;
    try {
      decoded = decodeLogMessage(message);
    } catch (failure) {
      // A newer version wrote it: this one must not decide anything about it, nor about what follows.
      this.stop();
      this.parts.shared.onFault(failure instanceof Error ? failure : new Error(String(failure)));
      this.giveBack(message);
      return;
    }
    if (decoded.kind === "not-an-event") {
      const failure = { reason: "not-an-event", message: decoded.message };
      void this.finish(message, this.bury(message, undefined, 0, failure));
    } else if (decoded.revision > this.parts.shared.configuration.revision) void this.routeLater(message, decoded);
    else this.route(message, decoded);
  }

  /** Its ingress knew a newer configuration: promise 9. */
  private async routeLater(message: HeldMessage, decoded: LogEvent): Promise<void> {
    const reached = await this.parts.shared.configuration.reached(decoded.revision, revisionWaitMs).catch(() => false);
    if (!reached || this.stopped) return this.giveBack(message);
    try {
      this.route(message, decoded);
    } catch {
      this.giveBack(message);
    }
  }

  private route(message: HeldMessage, decoded: LogEvent): void {
    const { broker, clock, journal, matcher, namespace } = this.parts.shared;
    const { sequence } = message;
    let matched: readonly R[];
    try {
      matched = matcher.match(decoded.event, decoded.addressee);
    } catch (bug) {
      const failure = { reason: "filter-failed", message: `the filters could not be asked: ${String(bug)}` };
      void this.finish(message, this.bury(message, decoded.event, decoded.hops, failure));
      return;
    }
    if (decoded.addressee !== undefined && matched.length === 0) {
      this.toStranger(message, decoded, decoded.addressee);
      return;
    }
    const taking = matched.filter((route) => sequence > route.fromSequence);
    const names = taking.map((route) => route.name);
    journal({ namespace, broker, sequence, at: clock.now(), kind: "routed", event: decoded.event, matched: names });
    let only: Promise<void> | undefined;
    let more: Promise<void>[] | undefined;
    for (const route of taking) {
      const settled = this.toTrigger(message, decoded, route);
      if (!settled) continue;
      if (!only) only = settled;
      else if (more) more.push(settled);
      else more = [only, settled];
    }
    if (!only) this.done(message);
    else void this.finish(message, more ? allSettled(more) : only);
  }

  /**
   * Meant for a route that is not known here. A source begins while its object is being applied, so another process may
   * have stored the event before this one heard of it; a source that is gone leaves what it had stored.
   */
  private toStranger(message: HeldMessage, decoded: LogEvent, uid: string): void {
    if (message.deliveries === 1) {
      this.giveBack(message, strangerGraceMs);
      return;
    }
    const why = "the source was deleted, or has another sink now, before the event was delivered";
    const failure = { reason: "trigger-deleted", message: why };
    void this.finish(message, this.bury(message, decoded.event, decoded.hops, failure, { uid, name: uid }));
  }

  /** Undefined when there is nothing to wait for. */
  private toTrigger(message: HeldMessage, decoded: LogEvent, route: R): Promise<void> | undefined {
    const { lanes, shared } = this.parts;
    const { attempts, capacity } = shared;
    const key = deliveryKey(message.sequence, route.uid);
    if (attempts.settled.has(key) || lanes.handedOver.has(key)) return undefined;
    const copy: LaneCopy = {
      event: decoded.event,
      sequence: message.sequence,
      storedAt: message.storedAt,
      hops: decoded.hops,
      stage: "subscriber",
      attempt: 1,
      notBefore: 0,
      firstFailedAt: undefined,
      subscriberAttempts: 0,
      failure: undefined,
      spilledBy: undefined,
    };
    const deliver = () => new DirectDelivery(this.direct, copy, route).run();
    const spill = (reason: string) => lanes.put(route, copy, { overflow: true, reason });
    if (attempts.count > 0 && attempts.isRunning(copyId(copy.sequence, route.uid, "subscriber", 1))) return deliver();
    const way = this.wayOf(route);
    switch (way.kind) {
      case "direct":
        return this.turns.waiting(route.uid) === 0 ? deliver() : this.turns.wait(route, { deliver, spill }, othersWait);
      case "turn":
        return this.turnIsNear(route) ? this.turns.wait(route, { deliver, spill }, way.reason) : spill(way.reason);
      case "lane":
        // The start overlaps with storing the copy and opening its lane.
        if (!route.paused && capacity.cold(route.target)) capacity.wake(route.target);
        return spill(way.reason);
      default:
        return way satisfies never;
    }
  }

  /** Where an event of the trigger has to go just now, and why. */
  private wayOf(route: R): Way {
    const { lanes, shared } = this.parts;
    const state = shared.attempts.states.of(route.uid);
    if (route.paused) return { kind: "lane", reason: "the trigger is paused" };
    if (lanes.overflowing(route.uid)) return { kind: "lane", reason: "others wait in the lane" };
    if (state.failures >= failuresMax) return { kind: "lane", reason: "the last attempts failed" };
    if (state.slow) return { kind: "lane", reason: "the subscriber takes its time" };
    if (state.direct >= Math.min(directMax, route.maxInFlight)) {
      return { kind: "turn", reason: "the trigger's window is full" };
    }
    // Slots that a lane has asked messages for are taken.
    if (shared.capacity.free(route.target) > lanes.reserved(route.target)) return direct;
    if (shared.capacity.cold(route.target)) return { kind: "lane", reason: "the target is starting" };
    return { kind: "turn", reason: "the target takes no more just now" };
  }

  /**
   * Whether an event that has to wait would have its turn soon, going by how long the trigger's attempts took lately.
   * Only then may it hold a place of the router's window: a slow trigger must not stand in the way of the others.
   */
  private turnIsNear(route: R): boolean {
    const { answerMs, direct } = this.parts.shared.attempts.states.of(route.uid);
    // Where the target has no more slots, those that the trigger has are all that its events can have turns in.
    const slots = Math.max(1, Math.min(directMax, route.maxInFlight, direct));
    const nearMs = this.parts.ingressBusy() ? turnNearBusyMs : turnNearMs;
    return ((this.turns.waiting(route.uid) + 1) * answerMs) / slots <= nearMs;
  }

  private async finish(message: HeldMessage, settled: Promise<void>): Promise<void> {
    try {
      await settled;
    } catch {
      // Nothing could be stored: the log keeps the event until that works.
      return this.giveBack(message);
    }
    this.parts.shared.faults("settled-before-ack");
    this.done(message);
  }

  private async bury(
    message: HeldMessage,
    event: CloudEvent | undefined,
    hops: number,
    failure: { readonly reason: string; readonly message: string },
    trigger?: { readonly uid: string; readonly name: string },
  ): Promise<void> {
    await this.parts.shared.dead.store({
      trigger,
      sequence: message.sequence,
      storedAt: message.storedAt,
      diedAt: this.parts.shared.clock.now(),
      event,
      raw: event ? undefined : message.data,
      dataOmitted: false,
      hops,
      attempts: 0,
      firstFailedAt: undefined,
      failure,
      deadLetter: undefined,
    });
  }

  private done(message: HeldMessage): void {
    this.keepAlive.delete(message);
    message.ack();
  }

  private giveBack(message: HeldMessage, delayMs = nakMs): void {
    this.keepAlive.delete(message);
    message.nak(delayMs);
  }
}

/** Waits for all, then rejects as the first of them did, if any did. */
async function allSettled(all: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(all);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
