import type { Clock, Timer } from "@rouse/base";
import type { DeadStream } from "../dead-stream.ts";
import { gapId } from "../format/message-id.ts";
import type { Cursor, HeldMessage, Stream } from "../log/engine.ts";

const lookEveryMs = 1_000;

/** What {@link LogWatch} is made of. */
export interface LogWatchParts {
  readonly clock: Clock;
  readonly log: Stream;
  /** The router's. */
  readonly cursor: Cursor;
  readonly dead: DeadStream;
  /** The log's limit; 0: none. */
  readonly bytesMax: number;
  /** Hears how many events the router, or other replicas' before it, took since the last call. */
  readonly onRouted: (events: number) => void;
}

/**
 * Looks at the log each second while something happens in it: how much of its limit is taken by events that are not
 * routed yet, and whether a limit removed events before the router was handed them.
 */
export class LogWatch {
  /** The share of the log's limit that un-routed events take, 0 to 1 and above; 0 when there is no limit. */
  pressure = 0;
  private readonly parts: LogWatchParts;
  private timer: Timer | undefined;
  private active = true;
  private lastStored = 0;
  private lastSeen = 0;
  /** Nothing can be said of the lag before it is known where the router's cursor stands. */
  private placed = false;
  private gap: { readonly from: number; readonly to: number } | undefined;
  private stopped = false;

  constructor(parts: LogWatchParts) {
    this.parts = parts;
    this.arm();
    // While nobody ran, a limit may have removed what follows the last message that was handed out.
    const { cursor } = parts;
    void cursor.info().then(
      (info) => {
        if (this.lastSeen === 0) this.lastSeen = info?.handedOut ?? 0;
        this.placed = true;
      },
      () => undefined,
    );
  }

  /** How many events stored by this process, and before them, the router was not handed yet; 0 while unknown. */
  get lag(): number {
    return this.placed ? Math.max(0, this.lastStored - this.lastSeen) : 0;
  }

  /** Something was stored. */
  stored(sequence: number): void {
    if (sequence > this.lastStored) this.lastStored = sequence;
    this.arouse();
  }

  private arouse(): void {
    this.active = true;
    if (!this.timer && !this.stopped) this.arm();
  }

  /** The router was handed a message. With several replicas the others' messages are missing here, and no gap. */
  seen(message: HeldMessage): void {
    const { sequence } = message;
    if (sequence <= this.lastSeen) return;
    if (this.lastSeen > 0 && sequence > this.lastSeen + 1) {
      this.gap = { from: this.gap?.from ?? this.lastSeen + 1, to: sequence - 1 };
      this.arouse();
    }
    // Without a place, all that came before the first message would count.
    const routed = this.placed ? sequence - this.lastSeen : 1;
    this.placed = true;
    this.lastSeen = sequence;
    this.parts.onRouted(routed);
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  private arm(): void {
    this.timer = this.parts.clock.setTimer(lookEveryMs, () => {
      this.timer = undefined;
      if (!this.active && this.pressure === 0) return;
      this.active = false;
      void this.look()
        // The server is away: writes fail by themselves, and the gap is looked at next time.
        .catch(() => undefined)
        .then(() => {
          if (!this.stopped && !this.timer) this.arm();
        });
    });
  }

  private async look(): Promise<void> {
    const { bytesMax, cursor, log } = this.parts;
    const info = await log.info();
    if (bytesMax > 0 && info.messages > 0) {
      const unrouted = await cursor.info();
      const messages = unrouted ? unrouted.pending + unrouted.ackPending : 0;
      this.pressure = (Math.min(messages, info.messages) * info.bytes) / info.messages / bytesMax;
    }
    const { gap } = this;
    if (!gap) return;
    if (info.firstSequence > gap.from) await this.record(gap.from, Math.min(gap.to, info.firstSequence - 1));
    if (this.gap === gap) this.gap = undefined;
  }

  private async record(from: number, to: number): Promise<void> {
    const now = this.parts.clock.now();
    const message = `events ${from} to ${to} were removed by the log's limit before they were routed`;
    const record = {
      trigger: undefined,
      sequence: from,
      storedAt: now,
      diedAt: now,
      event: undefined,
      raw: undefined,
      dataOmitted: true,
      hops: 0,
      attempts: 0,
      firstFailedAt: undefined,
      failure: { reason: "log-overrun", message },
      deadLetter: undefined,
    };
    await this.parts.dead.store(record, gapId(from));
  }
}
