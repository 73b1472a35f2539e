import { type Clock, sleep } from "@rouse/base";
import type { Cursor, HeldMessage, Puller } from "./engine.ts";

const reopenMs = 100;
const reopenMaxMs = 2_000;

/** What {@link CursorReader} is made of. */
export interface CursorReaderParts {
  readonly cursor: Cursor;
  readonly clock: Clock;
  /** How many messages may be held in all just now. */
  readonly window: () => number;
  /** Settles each message exactly once. */
  readonly onMessage: (message: HeldMessage) => void;
  /** The cursor exists and nothing was asked of it yet. */
  readonly onOpened?: () => void;
}

/**
 * Reads a cursor for as long as it is wanted: opens it, pulls, and opens it again whenever it is gone, for ever, since
 * a cursor may be deleted by another process at any time. States: opening → reading ⇄ opening → stopped.
 */
export class CursorReader {
  /** Resolves when the cursor was opened for the first time, or the reader stopped. */
  readonly opened: Promise<void>;
  private readonly parts: CursorReaderParts;
  private readonly stopping = new AbortController();
  private puller: Puller | undefined;
  /** Former pullers of which messages are still held. */
  private former: Puller[] = [];

  constructor(parts: CursorReaderParts) {
    this.parts = parts;
    this.opened = this.open();
  }

  /** Looks at the window again. */
  ask(): void {
    this.puller?.ask();
  }

  /** Asks for nothing more; messages already held may still be settled. */
  stop(): void {
    this.stopping.abort(new Error("the reader was stopped"));
    this.puller?.stop();
  }

  /** Opens the cursor anew, because it was deleted on purpose. */
  reopen(): Promise<void> {
    const { puller } = this;
    if (puller) {
      puller.stop();
      this.former.push(puller);
      this.puller = undefined;
    }
    return this.open();
  }

  private async open(): Promise<void> {
    const { cursor, clock, onOpened } = this.parts;
    const { signal } = this.stopping;
    for (let waitMs = reopenMs; !signal.aborted; waitMs = Math.min(2 * waitMs, reopenMaxMs)) {
      try {
        await cursor.open();
        break;
      } catch {
        // The server is away or refuses for now; the messages wait in the stream as long as it takes.
        await sleep(clock, waitMs, signal).catch(() => undefined);
      }
    }
    if (signal.aborted || this.puller) return;
    onOpened?.();
    this.pull();
  }

  private pull(): void {
    const { cursor, onMessage } = this.parts;
    const mine: Puller = cursor.pull({
      window: () => this.windowOf(),
      onMessage,
      onGone: () => {
        if (this.puller === mine && !this.stopping.signal.aborted) void this.reopen();
      },
      // It counts in the window of the present puller, which may have asked for nothing because of it.
      onReleased: () => this.ask(),
    });
    this.puller = mine;
  }

  private windowOf(): number {
    const allowed = this.parts.window();
    if (this.former.length === 0) return allowed;
    this.former = this.former.filter((puller) => puller.held > 0);
    return Math.max(0, allowed - this.former.reduce((held, puller) => held + puller.held, 0));
  }
}
