import { type Backoff, backoffDelayMs, type Clock, messageOf, Scope, sleep, type Timer } from "@rouse/base";
import { SourceFault } from "../errors.ts";
import type { Sink, SinkAnswer } from "../sink.ts";
import type { Source, SourcePhase, SourceTrouble } from "../source.ts";
import { type DueTick, dueTicks, type MissedTicks } from "./due-ticks.ts";
import { LeadWatch } from "./lead-watch.ts";
import { firedEvent, type PingShape, pingData } from "./mapping.ts";
import { next, parseSchedule, type Schedule } from "./schedule.ts";
import { advanceLedger, type TickLedger } from "./tick-ledger.ts";
import { type TickNote, TickQueue } from "./tick-queue.ts";

/** A PingSource as its runner sees it; every field is resolved. */
export interface PingDefinition extends PingShape {
  readonly schedule: string;
  /** IANA name; undefined: UTC. */
  readonly timezone: string | undefined;
  readonly missedTicks: MissedTicks;
  /** A missed tick older than this is not published. */
  readonly missedTicksDeadlineMs: number;
  /** Ticks of a paused source are settled without an event; they are not missed when it goes on. */
  readonly paused: boolean;
  /** Milliseconds since the epoch; nothing was missed before. */
  readonly createdAt: number;
  /**
   * Since when schedule, zone and pause are as they are here, when that is known (they were just changed): what this
   * schedule would have planned before was not missed. Written to the ledger, so it is needed only once.
   */
  readonly effectiveFrom?: number | undefined;
}

/** What is told of a source's ticks as it happens. */
export type PingNote =
  | TickNote
  /** Missed ticks that the policy or the deadline left out. */
  | { readonly kind: "left-out"; readonly count: number; readonly missedTicks: MissedTicks };

/** What a PingSource works with. */
export interface PingOptions {
  readonly definition: PingDefinition;
  readonly sink: Sink;
  readonly ledger: TickLedger;
  readonly clock: Clock;
  /** How long the sink recognises a repeated message id; default 120,000. */
  readonly duplicateWindowMs?: number;
  /** Told of everything; must be cheap and must not throw. */
  readonly journal?: (note: PingNote) => void;
}

/** How a PingSource is at this moment. Times are milliseconds since the epoch, counts since the start of this one. */
export interface PingStatus {
  readonly phase: SourcePhase;
  /** Undefined when paused, closed, or when the schedule never fires. */
  readonly nextTick: number | undefined;
  /** The last tick known to be settled, by this replica or before its start. */
  readonly lastTick: number | undefined;
  readonly trouble: SourceTrouble | undefined;
  /** Ticks waiting for the sink. */
  readonly pending: number;
  /** Stored, by this replica or by another one before it. */
  readonly published: number;
  readonly refused: number;
  /** Given up because too many waited for the sink. */
  readonly lost: number;
  readonly missed: { readonly published: number; readonly leftOut: number };
}

export interface PingSource extends Source<PingStatus> {
  /** Publishes one event now, beside the schedule, also when paused or not started; once, without repeating. */
  fire(): Promise<SinkAnswer>;
}

/** The longest time until the wall clock is looked at again, so that a step of it is noticed. */
const lookMs = 60_000;
/** A tick found this late is still in time. */
const graceMs = 5_000;
/** That long before a tick is due, each look asks how far the other replicas are. */
const leadMs = 180_000;
const ledgerBackoff: Backoff = { policy: "exponential", delayMs: 200, capMs: 30_000, jitter: 0 };

/**
 * Publishes the ticks of one PingSource. There is no leader: every replica publishes every tick, and the tick's identity
 * makes it one event. Throws SOURCE_SCHEDULE_INVALID or SOURCE_DATA_INVALID for what admission should have refused.
 */
export function createPingSource(options: PingOptions): PingSource {
  const { schedule, timezone } = options.definition;
  const parsed = parseSchedule(schedule, timezone);
  if (parsed.kind === "problem") {
    throw new SourceFault("SOURCE_SCHEDULE_INVALID", parsed.message, { hint: parsed.hint });
  }
  pingData(options.definition);
  return new RunningPingSource(options, parsed.schedule);
}

class RunningPingSource implements PingSource {
  private readonly options: PingOptions;
  private readonly schedule: Schedule;
  private readonly scope: Scope;
  private readonly queue: TickQueue;
  private readonly lead: LeadWatch;
  private phase: SourcePhase = "idle";
  /** Every tick planned up to here was seen; undefined until the ledger was read. */
  private cursor: number | undefined;
  private lookedAt = 0;
  private timer: Timer | undefined;
  private lastTick: number | undefined;
  private unsaved: number | undefined;
  private saving: Promise<void> | undefined;
  private trouble: SourceTrouble | undefined;
  private ledgerTrouble: SourceTrouble | undefined;
  private fires = 0;
  private readonly counts = { published: 0, refused: 0, lost: 0, missedPublished: 0, leftOut: 0 };

  constructor(options: PingOptions, schedule: Schedule) {
    this.options = options;
    this.schedule = schedule;
    const { definition, sink, ledger, clock, duplicateWindowMs = 120_000 } = options;
    this.lead = new LeadWatch(ledger, definition.uid, clock);
    const settledForMs = (planned: number): number => this.lead.settledForMs(planned);
    this.scope = new Scope({ clock });
    const note = (note: TickNote): void => this.settle(note);
    const { signal } = this.scope;
    this.queue = new TickQueue({ shape: definition, sink, clock, duplicateWindowMs, settledForMs, note, signal });
  }

  start(): void {
    if (this.phase !== "idle") return;
    this.phase = this.options.definition.paused ? "paused" : "running";
    this.lookedAt = this.options.clock.monotonic();
    const begun = this.begin();
    this.scope.defer(async () => {
      this.timer?.cancel();
      await begun;
      await this.queue.idle();
      await this.saving;
    });
  }

  status(): PingStatus {
    const { published, refused, lost, missedPublished, leftOut } = this.counts;
    const now = this.options.clock.now();
    return {
      phase: this.phase,
      nextTick: this.phase === "paused" || this.phase === "closed" ? undefined : this.nextTick(now),
      lastTick: this.lastTick,
      trouble: this.trouble ?? this.ledgerTrouble ?? this.clockTrouble(now),
      pending: this.queue.size,
      published,
      refused,
      lost,
      missed: { published: missedPublished, leftOut },
    };
  }

  async fire(): Promise<SinkAnswer> {
    if (this.phase === "closed") return { kind: "unavailable", reason: "the source is closed", retryAfterMs: 0 };
    const { definition, sink, clock } = this.options;
    this.fires += 1;
    const { event, messageId } = firedEvent(definition, clock.now(), this.fires);
    try {
      return await sink.append(event, messageId);
    } catch (thrown) {
      return { kind: "unavailable", reason: messageOf(thrown), retryAfterMs: 0 };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.phase = "closed";
    await this.scope.close();
  }

  private async begin(): Promise<void> {
    const { definition, ledger, clock } = this.options;
    for (let attempt = 1; !this.scope.signal.aborted; attempt += 1) {
      try {
        const record = await ledger.read(definition.uid);
        this.trouble = undefined;
        this.begunAt(record?.lastTick);
        this.look();
        return;
      } catch (thrown) {
        this.complain(`ticks wait for the ledger: ${messageOf(thrown)}`);
        const delayMs = backoffDelayMs(ledgerBackoff, attempt, () => 0);
        await sleep(clock, delayMs, this.scope.signal).catch(() => undefined);
      }
    }
  }

  private begunAt(lastTick: number | undefined): void {
    const { definition, clock } = this.options;
    const now = clock.now();
    this.lastTick = lastTick;
    this.cursor = lastTick ?? Math.min(definition.createdAt, now);
    const effectiveFrom = Math.min(definition.effectiveFrom ?? this.cursor, now);
    if (effectiveFrom <= this.cursor) return;
    this.cursor = effectiveFrom;
    this.save(effectiveFrom);
  }

  /** Looks at the wall clock, takes what is due, and sets the timer for the next look. */
  private look(): void {
    if (this.scope.signal.aborted || this.cursor === undefined) return;
    const { clock, definition } = this.options;
    const now = clock.now();
    // What fell due since the last look was not missed, however busy this process was. Time that only the wall clock
    // knows of (a step, a suspended machine) does not count, nor does a process that stood still for long.
    const awakeMs = Math.min(clock.monotonic() - this.lookedAt, lookMs);
    this.lookedAt = clock.monotonic();
    const { missedTicks, missedTicksDeadlineMs: deadlineMs } = definition;
    const onTimeAfter = now - awakeMs - graceMs;
    const due = dueTicks({ schedule: this.schedule, after: this.cursor, now, onTimeAfter, missedTicks, deadlineMs });
    this.cursor = Math.max(this.cursor, now);
    if (this.phase === "paused") this.passOver(due.ticks.length + due.leftOut, now);
    else this.take(due.ticks, due.leftOut, now);
    if (this.unsaved !== undefined) this.save(this.unsaved);
    const planned = this.nextTick(now);
    if (planned !== undefined && planned - now <= leadMs) void this.lead.look();
    const delayMs = planned === undefined ? lookMs : Math.min(Math.max(planned - now, 1), lookMs);
    this.timer = clock.setTimer(delayMs, () => this.look());
  }

  private take(ticks: readonly DueTick[], leftOut: number, now: number): void {
    if (leftOut > 0) {
      this.counts.leftOut += leftOut;
      this.options.journal?.({ kind: "left-out", count: leftOut, missedTicks: this.options.definition.missedTicks });
    }
    if (ticks.length > 0) this.queue.put(ticks);
    else this.passOver(leftOut, now);
  }

  /** Ticks that get no event are settled too: they must not count as missed after the next start. */
  private passOver(count: number, now: number): void {
    if (count > 0 && this.queue.size === 0) this.save(now);
  }

  private settle(note: TickNote): void {
    this.options.journal?.(note);
    const { planned, missed } = note.tick;
    switch (note.kind) {
      case "stored":
        this.counts.published += 1;
        if (missed) this.counts.missedPublished += 1;
        this.trouble = undefined;
        this.save(planned);
        return;
      case "refused":
        this.counts.refused += 1;
        this.complain(`the sink refused the tick of ${new Date(planned).toISOString()}: ${note.reason}`);
        this.save(planned);
        return;
      case "unavailable":
        this.complain(`the sink is unavailable: ${note.reason}`);
        return;
      case "lost":
        this.counts.lost += 1;
        this.complain(`the tick of ${new Date(planned).toISOString()} is lost: ${note.reason}`);
        return;
      default:
        note satisfies never;
    }
  }

  private save(settled: number): void {
    this.lastTick = Math.max(this.lastTick ?? settled, settled);
    this.unsaved = this.lastTick;
    this.saving ??= this.saveAll();
  }

  private async saveAll(): Promise<void> {
    const { ledger, definition, clock } = this.options;
    while (this.unsaved !== undefined) {
      const settled = this.unsaved;
      try {
        await advanceLedger(ledger, definition.uid, settled);
      } catch (thrown) {
        // Kept, and tried again with the next tick or look; until then a restart may ask for this tick again.
        const message = `the last tick could not be written: ${messageOf(thrown)}`;
        this.ledgerTrouble = { at: clock.now(), message };
        break;
      }
      this.ledgerTrouble = undefined;
      if (this.unsaved === settled) this.unsaved = undefined;
    }
    this.saving = undefined;
  }

  private nextTick(now: number): number | undefined {
    return next(this.schedule, Math.max(now, this.cursor ?? now));
  }

  private clockTrouble(now: number): SourceTrouble | undefined {
    const behindMs = (this.cursor ?? now) - now;
    if (behindMs <= lookMs) return undefined;
    const seconds = Math.round(behindMs / 1000);
    return {
      at: now,
      message: `the clock is ${seconds} s behind the last tick; no tick is repeated until it has caught up`,
    };
  }

  private complain(message: string): void {
    this.trouble = { at: this.options.clock.now(), message };
  }
}
