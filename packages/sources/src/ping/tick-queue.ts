import { type Backoff, backoffDelayMs, type Clock, messageOf, sleep } from "@rouse/base";
import type { Sink, SinkAnswer } from "../sink.ts";
import type { DueTick } from "./due-ticks.ts";
import { type PingShape, pingSourceUri, tickEvent, tickId } from "./mapping.ts";

/** What became of a tick, for timeline, journal and status. */
export type TickNote =
  | {
      readonly kind: "stored";
      readonly tick: DueTick;
      readonly duplicate: boolean;
      readonly handle: string | undefined;
    }
  | { readonly kind: "refused"; readonly tick: DueTick; readonly reason: string }
  /** It is kept and tried again. */
  | { readonly kind: "unavailable"; readonly tick: DueTick; readonly reason: string; readonly retryInMs: number }
  /** Too many ticks waited for the sink; this one, the oldest, was given up. */
  | { readonly kind: "lost"; readonly tick: DueTick; readonly reason: string };

/** What a {@link TickQueue} works with. */
export interface TickQueueOptions {
  readonly shape: PingShape;
  readonly sink: Sink;
  readonly clock: Clock;
  /** How long the sink recognises a repeated message id, milliseconds. */
  readonly duplicateWindowMs: number;
  /** For how long the tick has been known to be settled by another replica, milliseconds. */
  readonly settledForMs: (planned: number) => number;
  /** Told of everything in order; must not throw. */
  readonly note: (note: TickNote) => void;
  /** Aborted when the source closes: no attempt begins after that. */
  readonly signal: AbortSignal;
}

/** How many ticks may wait for the sink beside the one in hand. */
export const waitingMax = 100;

const backoff: Backoff = { policy: "exponential", delayMs: 200, capMs: 30_000, jitter: 0 };
/** An attempt may take that long, so the window is over for us a little earlier. */
const windowMarginMs = 10_000;
/** How much further back the sink is searched than clocks that agree would need: a little, and when they do not. */
const searchBackMs = 3_600_000;
const searchBackAheadMs = 86_400_000;
/** What another replica settled is seen at most that much later; the interval of the looks at the ledger. */
const sightingMs = 60_000;

interface Waiting {
  readonly tick: DueTick;
  /** Monotonic time of queueing: the age of a tick must not shrink when the wall clock steps back. */
  readonly since: number;
}

/**
 * Publishes ticks one after the other, in order, each until the sink has stored or refused it. A tick older than the
 * duplicate window is looked for in the sink first, because its message id alone no longer makes it one event.
 */
export class TickQueue {
  private readonly options: TickQueueOptions;
  private readonly waiting: Waiting[] = [];
  private known: { readonly since: number; readonly ids: ReadonlySet<string> } | undefined;
  private running: Promise<void> | undefined;
  private inHand = 0;

  constructor(options: TickQueueOptions) {
    this.options = options;
  }

  /** Ticks neither stored nor refused yet. */
  get size(): number {
    return this.waiting.length + this.inHand;
  }

  put(ticks: readonly DueTick[]): void {
    const since = this.options.clock.monotonic();
    for (const tick of ticks) this.waiting.push({ tick, since });
    while (this.waiting.length > waitingMax) {
      const oldest = this.waiting.shift()!;
      const reason = `more than ${waitingMax} ticks waited for the sink`;
      this.options.note({ kind: "lost", tick: oldest.tick, reason });
    }
    if (this.waiting.length > 0) this.running ??= this.run();
  }

  /** Resolves when nothing is in hand any more; after the signal aborted that is soon. */
  async idle(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.options;
    for (let next = this.waiting.shift(); next !== undefined && !signal.aborted; next = this.waiting.shift()) {
      this.inHand = 1;
      await this.publish(next);
      this.inHand = 0;
    }
    this.known = undefined;
    // Here and not in a later callback: a tick put in between would wait for the next one.
    this.running = undefined;
  }

  private async publish(waiting: Waiting): Promise<void> {
    const { clock, note, signal } = this.options;
    const { tick } = waiting;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const answer = await this.attempt(waiting);
      switch (answer.kind) {
        case "stored":
          note({ kind: "stored", tick, duplicate: answer.duplicate, handle: answer.handle });
          return;
        case "refused":
          note({ kind: "refused", tick, reason: answer.reason });
          return;
        case "unavailable": {
          const wish = Math.max(
            answer.retryAfterMs,
            backoffDelayMs(backoff, attempt, () => 0),
          );
          const retryInMs = Math.min(wish, backoff.capMs);
          note({ kind: "unavailable", tick, reason: answer.reason, retryInMs });
          // The attempt may have been stored all the same, so what is known of the sink is out of date.
          this.known = undefined;
          await sleep(clock, retryInMs, signal).catch(() => undefined);
          break;
        }
        default:
          answer satisfies never;
      }
    }
  }

  private async attempt(
    waiting: Waiting,
  ): Promise<SinkAnswer | { kind: "stored"; duplicate: true; handle: undefined }> {
    const { shape, sink } = this.options;
    const { planned, missed } = waiting.tick;
    try {
      if (await this.isStored(waiting)) return { kind: "stored", duplicate: true, handle: undefined };
      const { event, messageId } = tickEvent(shape, planned, missed);
      return await sink.append(event, messageId);
    } catch (thrown) {
      return { kind: "unavailable", reason: messageOf(thrown), retryAfterMs: 0 };
    }
  }

  private async isStored(waiting: Waiting): Promise<boolean> {
    const { clock, duplicateWindowMs, settledForMs, shape, sink } = this.options;
    const { planned } = waiting.tick;
    const settledMs = settledForMs(planned);
    const elsewhereMs = settledMs === 0 ? 0 : settledMs + sightingMs;
    const age = Math.max(clock.now() - planned, clock.monotonic() - waiting.since, elsewhereMs);
    if (age + windowMarginMs <= duplicateWindowMs) return false;
    if (this.known === undefined || planned < this.known.since) {
      // A replica whose clock is ahead stores before the planned time, and the sink's clock is a third one.
      const backMs = elsewhereMs > 0 ? searchBackAheadMs : searchBackMs;
      const ids = await sink.idsSince(pingSourceUri(shape.namespace, shape.name), planned - backMs);
      this.known = { since: planned, ids };
    }
    return this.known.ids.has(tickId(shape.uid, planned));
  }
}
