import type { HeldMessage, MessageHeaders, StoredMessage } from "./engine.ts";

/** What happens to a message that was handed out; the cursor listens. */
export interface Settlement {
  acked(message: MemoryHeldMessage): void;
  handedBack(message: MemoryHeldMessage, delayMs: number): void;
  extended(message: MemoryHeldMessage): void;
}

/** A message that a cursor of the memory engine handed out. */
export class MemoryHeldMessage implements HeldMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly headers: MessageHeaders;
  readonly data: Uint8Array;
  readonly storedAt: number;
  readonly pending: number;
  readonly deliveries: number;
  /** The puller that it was handed to. */
  readonly holder: { released(): void };
  private readonly settlement: Settlement;
  private settled = false;

  constructor(
    stored: StoredMessage,
    counts: { readonly pending: number; readonly deliveries: number },
    holder: { released(): void },
    settlement: Settlement,
  ) {
    this.sequence = stored.sequence;
    this.subject = stored.subject;
    this.headers = stored.headers;
    this.data = stored.data;
    this.storedAt = stored.storedAt;
    this.pending = counts.pending;
    this.deliveries = counts.deliveries;
    this.holder = holder;
    this.settlement = settlement;
  }

  ack(): void {
    if (this.settled) return;
    this.settled = true;
    this.holder.released();
    this.settlement.acked(this);
  }

  nak(delayMs = 0): void {
    if (this.settled) return;
    this.settled = true;
    this.holder.released();
    this.settlement.handedBack(this, delayMs);
  }

  working(): void {
    if (!this.settled) this.settlement.extended(this);
  }
}
