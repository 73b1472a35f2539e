import type { Clock, Timer } from "@rouse/base";
import { DelayHeap } from "./delay-heap.ts";
import type { CursorConfig, CursorInfo, StoredMessage } from "./engine.ts";
import { Fifo } from "./fifo.ts";
import { MemoryHeldMessage, type Settlement } from "./memory-held-message.ts";
import type { MemoryPuller } from "./memory-puller.ts";
import { subjectMatches } from "./subject.ts";

/** What a cursor needs of the stream that it reads. */
export interface CursorStore {
  message(sequence: number): StoredMessage | undefined;
  /** A message was acked. */
  settled(sequence: number): void;
}

interface Outstanding {
  readonly sequence: number;
  deliveries: number;
  /** When the ack wait ends, or the delay, in the clock's monotonic time; 0 when it may be handed out at once. */
  due: number;
  message: MemoryHeldMessage;
}

/** So many messages are handed out before other work of the process gets its turn. */
const burstMax = 256;

/**
 * The durable place of one cursor. Handing out happens in microtasks, never inside the call that made it possible.
 * `held` is in the order of deadlines because every entry waits equally long; delayed ones lie in a heap.
 */
export class MemoryCursorState implements Settlement {
  config: CursorConfig;
  private readonly store: CursorStore;
  private readonly clock: Clock;
  private readonly fresh = new Fifo<number>();
  private freshCount = 0;
  private position = 0;
  private readonly held = new Map<number, Outstanding>();
  private readonly returned = new Map<number, Outstanding>();
  private readonly delays = new DelayHeap();
  private readonly redeliveries = new Fifo<number>();
  private pullers: MemoryPuller[] = [];
  private turn = 0;
  private burst = 0;
  private scheduled = false;
  private closed = false;
  private timer: Timer | undefined;
  private timerAt = Number.POSITIVE_INFINITY;

  constructor(config: CursorConfig, store: CursorStore, clock: Clock, sequences: Iterable<number>) {
    this.config = config;
    this.store = store;
    this.clock = clock;
    for (const sequence of sequences) this.stored(sequence);
  }

  get info(): CursorInfo {
    return { pending: this.freshCount, ackPending: this.held.size + this.returned.size };
  }

  get exists(): boolean {
    return !this.closed;
  }

  /** Whether the message was not yet handed out, or not yet settled. */
  needs(sequence: number, subject: string): boolean {
    if (this.held.has(sequence) || this.returned.has(sequence)) return true;
    const { filterSubject } = this.config;
    return sequence > this.position && (filterSubject === undefined || subjectMatches(filterSubject, subject));
  }

  /** A message that the filter takes was stored. */
  stored(sequence: number): void {
    this.fresh.push(sequence);
    this.freshCount++;
    this.wake();
  }

  /** A message that the filter takes was removed from the stream. */
  removed(sequence: number): void {
    if (sequence <= this.position) {
      if (this.held.delete(sequence) || this.returned.delete(sequence)) this.wake();
      return;
    }
    this.freshCount--;
    if (this.fresh.size > 1024 && this.fresh.size > 2 * this.freshCount) {
      this.fresh.filter((one) => this.store.message(one) !== undefined);
    }
  }

  attach(puller: MemoryPuller): void {
    this.pullers.push(puller);
    this.wake();
  }

  /** Hands out what there is, soon. */
  wake(): void {
    if (this.scheduled || this.closed || this.pullers.length === 0) return;
    this.scheduled = true;
    if (this.burst < burstMax) queueMicrotask(this.run);
    else setImmediate(this.run);
  }

  /** Forgets everything; pullers are told unless `silent`. */
  close(silent = false): void {
    this.closed = true;
    this.timer?.cancel();
    for (const puller of this.pullers) {
      if (silent) puller.stop();
      else puller.lose();
    }
    this.pullers = [];
  }

  acked({ sequence }: MemoryHeldMessage): void {
    if (this.closed) return;
    if (this.held.delete(sequence) || this.returned.delete(sequence)) this.store.settled(sequence);
    this.wake();
  }

  handedBack(message: MemoryHeldMessage, delayMs: number): void {
    const entry = this.held.get(message.sequence);
    if (this.closed || entry?.message !== message) return;
    this.held.delete(message.sequence);
    this.returned.set(message.sequence, entry);
    if (delayMs > 0) {
      entry.due = this.clock.monotonic() + delayMs;
      this.delays.push(entry.due, entry.sequence);
      this.arm(entry.due);
    } else this.mayGoOut(entry);
    this.wake();
  }

  extended(message: MemoryHeldMessage): void {
    const entry = this.held.get(message.sequence);
    if (this.closed || entry?.message !== message) return;
    entry.due = this.clock.monotonic() + this.config.ackWaitMs;
    this.held.delete(entry.sequence);
    this.held.set(entry.sequence, entry);
  }

  private readonly run = (): void => {
    this.scheduled = false;
    if (this.burst >= burstMax) this.burst = 0;
    const due = this.clock.monotonic() + this.config.ackWaitMs;
    while (!this.closed && this.burst < burstMax) {
      const puller = this.nextPuller();
      if (!puller || !this.handOut(puller, due)) return;
      this.burst++;
    }
    this.wake();
  };

  /** Pullers with room take turns. */
  private nextPuller(): MemoryPuller | undefined {
    if (this.pullers.some((puller) => !puller.pulling)) this.pullers = this.pullers.filter((puller) => puller.pulling);
    const count = this.pullers.length;
    for (let tried = 0; tried < count; tried++) {
      const puller = this.pullers[this.turn++ % count]!;
      if (puller.hasRoom) return puller;
    }
    return undefined;
  }

  private handOut(puller: MemoryPuller, due: number): boolean {
    const again = this.nextReturned();
    const sequence = again?.sequence ?? this.nextFresh();
    const stored = sequence === undefined ? undefined : this.store.message(sequence);
    if (!stored) return false;
    const deliveries = (again?.deliveries ?? 0) + 1;
    const message = new MemoryHeldMessage(stored, { pending: this.freshCount, deliveries }, puller, this);
    this.held.set(stored.sequence, { sequence: stored.sequence, deliveries, due, message });
    if (this.timer === undefined) this.arm(due);
    puller.take(message);
    return true;
  }

  private nextReturned(): Outstanding | undefined {
    for (let sequence = this.redeliveries.shift(); sequence !== undefined; sequence = this.redeliveries.shift()) {
      const entry = this.returned.get(sequence);
      if (!entry || entry.due > 0) continue;
      this.returned.delete(sequence);
      return entry;
    }
    return undefined;
  }

  private nextFresh(): number | undefined {
    if (this.held.size + this.returned.size >= this.config.maxAckPending) return undefined;
    for (let sequence = this.fresh.shift(); sequence !== undefined; sequence = this.fresh.shift()) {
      this.position = sequence;
      if (this.store.message(sequence) === undefined) continue;
      this.freshCount--;
      return sequence;
    }
    return undefined;
  }

  private mayGoOut(entry: Outstanding): void {
    entry.due = 0;
    this.redeliveries.push(entry.sequence);
  }

  private arm(at: number): void {
    if (at >= this.timerAt) return;
    this.timer?.cancel();
    this.timerAt = at;
    this.timer = this.clock.setTimer(at - this.clock.monotonic(), this.fire);
  }

  private readonly fire = (): void => {
    this.timer = undefined;
    this.timerAt = Number.POSITIVE_INFINITY;
    if (this.closed) return;
    const now = this.clock.monotonic();
    for (const entry of this.held.values()) {
      if (entry.due > now) {
        this.arm(entry.due);
        break;
      }
      this.held.delete(entry.sequence);
      this.returned.set(entry.sequence, entry);
      this.mayGoOut(entry);
    }
    for (let due = this.delays.popDue(now); due !== undefined; due = this.delays.popDue(now)) {
      const entry = this.returned.get(due);
      if (entry && entry.due > 0 && entry.due <= now) this.mayGoOut(entry);
    }
    if (this.delays.first !== undefined) this.arm(this.delays.first);
    this.wake();
  };
}
