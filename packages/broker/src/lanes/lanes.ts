import { sleep } from "@rouse/base";
import { deadRecord } from "../attempts/next-step.ts";
import { SettledKeys } from "../attempts/settled.ts";
import { LogFault } from "../errors.ts";
import { decodeLaneCopy, encodeLaneCopy, type LaneCopy } from "../format/lane-copy.ts";
import { copyId, deliveryKey } from "../format/message-id.ts";
import { uidOfSubject } from "../jetstream-names.ts";
import type { Cursor, Stored } from "../log/engine.ts";
import type { Route } from "../route.ts";
import { Lane } from "./lane.ts";
import { LaneCloser } from "./lane-closer.ts";
import { type LaneAccess, orphanRecord } from "./lane-message.ts";
import type { LaneParts } from "./lane-parts.ts";
import { laneAckPendingMax } from "./lane-window.ts";
import { SlotShares } from "./slot-shares.ts";

const deleteTriesMax = 4;
const deleteRetryMs = 100;

/** How a copy is put into a lane. */
export interface PutOptions {
  /** New events of the trigger are to go into the lane as well. */
  readonly overflow: boolean;
  /** Why the event waits, for the journal; undefined: it is told already. */
  readonly reason?: string;
}

/** The lanes of one broker that this process reads, one per trigger at most. */
export class Lanes<R extends Route> implements LaneAccess<R> {
  /** Events and triggers whose first copy is stored: a log message that comes again has nothing to do for them. */
  readonly handedOver = new SettledKeys();
  private readonly parts: LaneParts<R>;
  private readonly open = new Map<string, { readonly lane: Lane<R>; readonly closer: LaneCloser<R> }>();
  private readonly removed = new Set<string>();
  private readonly shares = new SlotShares();
  private byTarget: Map<string, Lane<R>[]> | undefined;
  private turn = 0;
  private readonly listening: (() => void)[];
  private stopped = false;

  constructor(parts: LaneParts<R>) {
    this.parts = parts;
    this.listening = [
      parts.capacity.onChange((target) => this.capacityChanged(target)),
      parts.configuration.onChange(() => this.configurationChanged()),
    ];
  }

  /** The lanes that are read just now. */
  get size(): number {
    return this.open.size;
  }

  /** Messages of all lanes held by this process. */
  get holding(): number {
    let held = 0;
    for (const { lane } of this.open.values()) held += lane.holding;
    return held;
  }

  /** True while new events of the trigger have to go into its lane. */
  overflowing(uid: string): boolean {
    return this.open.get(uid)?.lane.overflow ?? false;
  }

  /** Free slots of the target that lanes are about to use. */
  reserved(target: string): number {
    return this.shares.reserved(target);
  }

  route(uid: string): R | undefined {
    return this.removed.has(uid) ? undefined : this.parts.matcher.find(uid);
  }

  /**
   * Stores the copy in the trigger's lane and sees to it that the lane is read. Resolves only after it is stored, or,
   * where it is too large for that, after a dead record without data is; throws LogFault when neither can be.
   */
  async put(route: Route, copy: LaneCopy, options: PutOptions = { overflow: false }): Promise<void> {
    const { uid } = route;
    // Whoever reads the lane next finds the copy by its sweep.
    if (this.stopped) {
      await this.store(route, copy);
      return;
    }
    const lane = this.laneOf(uid);
    if (options.overflow) lane.overflow = true;
    const { taken } = lane;
    lane.storing++;
    lane.generation++;
    lane.activeAt = this.parts.clock.monotonic();
    try {
      const stored = await this.store(route, copy);
      this.handedOver.add(deliveryKey(copy.sequence, uid));
      if (stored && !stored.duplicate) lane.stored(stored.sequence, taken, copy.spilledBy !== undefined);
      this.parts.faults("lane-copy-stored");
      await lane.reader.opened;
    } finally {
      lane.storing--;
    }
    // Closed between the copy's storing and now: the closer cannot have seen it.
    if (lane.closed && !this.stopped) this.laneOf(uid);
    if (options.reason !== undefined) this.tellWaiting(route, copy, options.reason);
  }

  /** Opens a lane for every trigger that has copies and no reader here; nothing while the configuration is incomplete. */
  async sweep(): Promise<void> {
    const { configuration, names, stream } = this.parts;
    if (this.stopped || !configuration.loaded) return;
    const counts = await stream.counts(names.laneSubjects);
    if (this.stopped) return;
    for (const [subject, count] of counts) {
      const uid = uidOfSubject(subject);
      if (count > 0 && !this.open.has(uid)) this.laneOf(uid).overflow = true;
    }
  }

  /**
   * Ends the lane of a trigger that was deleted, and says how many copies were in it. They are dropped, or kept in the
   * dead stream with `keepBacklog`, but for those under way here: these finish.
   */
  async remove(uid: string, keepBacklog: boolean): Promise<number> {
    const { names, stream } = this.parts;
    this.removed.add(uid);
    const entry = this.open.get(uid);
    if (entry) {
      entry.lane.stop();
      this.forget(entry.lane);
    }
    const subject = names.laneSubject(uid);
    const backlog = keepBacklog ? await this.bury(uid, subject) : await stream.purge(subject);
    await this.deleteCursor(entry?.lane.cursor ?? stream.cursor(this.cursorConfig(uid)));
    this.parts.attempts.states.forget(uid);
    return backlog;
  }

  /** Copies waiting, by trigger uid. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const { names, stream } = this.parts;
    const bySubject = await stream.counts(names.laneSubjects);
    return new Map([...bySubject].map(([subject, count]) => [uidOfSubject(subject), count]));
  }

  /** Reads nothing more; what is under way goes on. */
  stop(): void {
    this.stopped = true;
    for (const stop of this.listening) stop();
    for (const { lane, closer } of this.open.values()) {
      closer.stop();
      lane.stop();
    }
  }

  /** Hands back whatever is still held. */
  release(): void {
    for (const { lane } of this.open.values()) lane.release();
  }

  private laneOf(uid: string): Lane<R> {
    const known = this.open.get(uid);
    if (known) return known.lane;
    const lane = new Lane(this.parts, this, uid, this.shares.join());
    const { clock, faults, timing } = this.parts;
    const count = (of: string) => this.count(of);
    const closer = new LaneCloser({ clock, faults, timing, count, onClosed: (closed) => this.forget(closed) }, lane);
    this.open.set(uid, { lane, closer });
    this.byTarget = undefined;
    return lane;
  }

  private forget(lane: Lane<R>): void {
    const entry = this.open.get(lane.uid);
    if (entry?.lane !== lane) return;
    entry.closer.stop();
    this.open.delete(lane.uid);
    this.byTarget = undefined;
  }

  private async count(uid: string): Promise<number> {
    const subject = this.parts.names.laneSubject(uid);
    return (await this.parts.stream.counts(subject)).get(subject) ?? 0;
  }

  /** Undefined when it was too large, and is a dead record now. */
  private async store(route: Route, copy: LaneCopy): Promise<Stored | undefined> {
    const { attempts, clock, configuration, dead, names, stream } = this.parts;
    const messageId = copyId(copy.sequence, route.uid, copy.stage, copy.attempt);
    try {
      return await stream.append({
        subject: names.laneSubject(route.uid),
        messageId,
        ...encodeLaneCopy(copy, configuration.revision),
      });
    } catch (failure) {
      if (!(failure instanceof LogFault) || failure.code !== "LOG_MESSAGE_TOO_LARGE") throw failure;
      const reason = { reason: "too-large", message: `the event cannot wait in the lane: ${failure.message}` };
      const record = deadRecord(copy, route, clock.now(), copy.failure ?? reason, copy.attempt - 1);
      await dead.store({ ...record, dataOmitted: true });
      attempts.settled.add(deliveryKey(copy.sequence, route.uid));
      return undefined;
    }
  }

  private async bury(uid: string, subject: string): Promise<number> {
    const { attempts, clock, dead, stream } = this.parts;
    let buried = 0;
    for await (const message of stream.read({ filterSubject: subject })) {
      const decoded = decodeLaneCopy(message);
      if (decoded.kind === "copy") {
        const { copy } = decoded;
        if (attempts.isRunning(copyId(copy.sequence, uid, copy.stage, copy.attempt))) continue;
        const made = copy.stage === "dead-letter" ? copy.subscriberAttempts : copy.attempt - 1;
        await dead.store(orphanRecord(uid, copy, clock.now(), made));
        attempts.settled.add(deliveryKey(copy.sequence, uid));
      }
      await stream.remove(message.sequence);
      buried++;
    }
    return buried;
  }

  /** nats-server 2.9 fails to remove a cursor that another process removes or uses at the same moment. */
  private async deleteCursor(cursor: Cursor): Promise<void> {
    for (let tries = 0; tries < deleteTriesMax; tries++) {
      try {
        await cursor.delete();
        return;
      } catch {
        // One that stays has no messages and hurts nobody.
        await sleep(this.parts.clock, deleteRetryMs * 2 ** tries);
      }
    }
  }

  private cursorConfig(uid: string) {
    const { names } = this.parts;
    const filterSubject = names.laneSubject(uid);
    return {
      name: names.laneCursor(uid),
      filterSubject,
      ackWaitMs: this.parts.timing.laneAckWaitMs,
      maxAckPending: laneAckPendingMax,
    };
  }

  private capacityChanged(target: string): void {
    if (this.open.size === 0) return;
    this.byTarget ??= this.groupByTarget();
    const lanes = this.byTarget.get(target);
    if (!lanes) return;
    // Whoever is asked first takes what there is: each time another one.
    const first = this.turn++ % lanes.length;
    for (let n = 0; n < lanes.length; n++) lanes[(first + n) % lanes.length]?.capacityChanged();
  }

  private configurationChanged(): void {
    this.byTarget = undefined;
    for (const { lane } of this.open.values()) lane.configurationChanged();
  }

  private groupByTarget(): Map<string, Lane<R>[]> {
    const grouped = new Map<string, Lane<R>[]>();
    for (const { lane } of this.open.values()) {
      const target = this.route(lane.uid)?.target;
      if (target === undefined) continue;
      const lanes = grouped.get(target);
      if (lanes) lanes.push(lane);
      else grouped.set(target, [lane]);
    }
    return grouped;
  }

  private tellWaiting(route: Route, copy: LaneCopy, reason: string): void {
    const { broker, clock, journal, namespace } = this.parts;
    journal({
      namespace,
      broker,
      sequence: copy.sequence,
      at: clock.now(),
      kind: "waiting",
      trigger: route.name,
      reason,
    });
  }
}
