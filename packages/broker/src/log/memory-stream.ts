import type { Clock, Timer } from "@rouse/base";
import { LogFault } from "../errors.ts";
import type {
  CursorConfig,
  OutgoingMessage,
  ReadOptions,
  Stored,
  StoredMessage,
  StreamConfig,
  StreamInfo,
} from "./engine.ts";
import { Fifo } from "./fifo.ts";
import { type CursorStore, MemoryCursorState } from "./memory-cursor-state.ts";
import { filtersOverlap, isPattern, subjectMatches } from "./subject.ts";

/** What one stream of the memory engine may hold, whatever its configuration says. */
export interface MemoryLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly messageBytesMax: number;
}

interface Entry extends StoredMessage {
  readonly size: number;
  /** Monotonic time of storage: a step of the wall clock makes nothing older. */
  readonly at: number;
}

/** Where cursors of one kind of filter are found when a message comes or goes. */
type Listeners = Map<string, MemoryCursorState[]>;

/** What a stored message takes beside its subject, headers and data; as JetStream counts it, about. */
const messageOverhead = 30;

/** The messages of one stream and the cursors on it. */
export class MemoryStreamState implements CursorStore {
  config: StreamConfig;
  private readonly limits: MemoryLimits;
  private readonly clock: Clock;
  private readonly entries = new Map<number, Entry>();
  private readonly subjects = new Map<string, Set<number>>();
  private readonly ids = new Map<string, number>();
  private readonly idsInOrder = new Fifo<{ readonly id: string; readonly at: number }>();
  private readonly cursors = new Map<string, MemoryCursorState>();
  private readonly exact: Listeners = new Map();
  private patterns: MemoryCursorState[] = [];
  private bytes = 0;
  private first = 1;
  private last = 0;
  private closed = false;
  private ageTimer: Timer | undefined;

  constructor(config: StreamConfig, limits: MemoryLimits, clock: Clock) {
    this.config = config;
    this.limits = limits;
    this.clock = clock;
  }

  get info(): StreamInfo {
    return { messages: this.entries.size, bytes: this.bytes, firstSequence: this.oldest(), lastSequence: this.last };
  }

  /** Throws LOG_UNAVAILABLE once the stream was deleted or the engine closed. */
  assertOpen(): void {
    if (!this.closed) return;
    throw new LogFault("LOG_UNAVAILABLE", `expected stream ${this.config.name} to be open, it was deleted or closed`);
  }

  append(message: OutgoingMessage): Stored {
    this.assertOpen();
    const { name, subjects } = this.config;
    const size = sizeOf(message);
    if (size > this.limits.messageBytesMax) {
      throw new LogFault(
        "LOG_MESSAGE_TOO_LARGE",
        `message of ${size} bytes is larger than ${this.limits.messageBytesMax}`,
      );
    }
    if (!this.subjects.has(message.subject) && !subjects.some((one) => subjectMatches(one, message.subject))) {
      throw new LogFault(
        "LOG_UNAVAILABLE",
        `no stream takes subject ${message.subject}; ${name} takes ${subjects.join(", ")}`,
      );
    }
    const at = this.clock.monotonic();
    this.forgetIds(at);
    const before = this.ids.get(message.messageId);
    if (before !== undefined) return { sequence: before, duplicate: true };
    const counted = size + message.subject.length + messageOverhead;
    this.makeRoom(counted);
    const sequence = ++this.last;
    const { subject, headers, data } = message;
    this.entries.set(sequence, { sequence, subject, headers, data, storedAt: this.clock.now(), size: counted, at });
    this.bytes += counted;
    this.ids.set(message.messageId, sequence);
    this.idsInOrder.push({ id: message.messageId, at });
    const same = this.subjects.get(subject);
    if (same) same.add(sequence);
    else this.subjects.set(subject, new Set([sequence]));
    this.tell(subject, (cursor) => cursor.stored(sequence));
    this.watchAge();
    return { sequence, duplicate: false };
  }

  message(sequence: number): StoredMessage | undefined {
    return this.entries.get(sequence);
  }

  settled(sequence: number): void {
    if (this.config.retention === "workqueue") this.remove(sequence);
  }

  remove(sequence: number): boolean {
    const entry = this.entries.get(sequence);
    if (!entry) return false;
    this.entries.delete(sequence);
    this.bytes -= entry.size;
    const same = this.subjects.get(entry.subject)!;
    same.delete(sequence);
    if (same.size === 0) this.subjects.delete(entry.subject);
    this.tell(entry.subject, (cursor) => cursor.removed(sequence));
    return true;
  }

  purge(filter: string): number {
    const doomed = [...this.sequences(filter)];
    for (const sequence of doomed) this.remove(sequence);
    return doomed.length;
  }

  counts(filter: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [subject, sequences] of this.subjects) {
      if (subjectMatches(filter, subject)) counts.set(subject, sequences.size);
    }
    return counts;
  }

  async *read(options: ReadOptions, signal?: AbortSignal): AsyncGenerator<StoredMessage> {
    this.assertOpen();
    const { filterSubject, fromSequence = 1, fromTime = Number.NEGATIVE_INFINITY } = options;
    const end = this.last;
    for (const entry of this.entries.values()) {
      signal?.throwIfAborted();
      if (entry.sequence > end) return;
      if (entry.sequence < fromSequence || entry.storedAt < fromTime) continue;
      if (filterSubject === undefined || subjectMatches(filterSubject, entry.subject)) yield entry;
    }
  }

  cursor(name: string): MemoryCursorState | undefined {
    return this.cursors.get(name);
  }

  openCursor(config: CursorConfig): void {
    this.assertOpen();
    const known = this.cursors.get(config.name);
    if (known) {
      known.config = config;
      known.wake();
      return;
    }
    const filter = config.filterSubject ?? ">";
    if (this.config.retention === "workqueue") this.assertAlone(config.name, filter);
    const cursor = new MemoryCursorState(config, this, this.clock, this.sequences(filter));
    this.cursors.set(config.name, cursor);
    if (isPattern(filter)) this.patterns.push(cursor);
    else this.exact.set(filter, [...(this.exact.get(filter) ?? []), cursor]);
  }

  deleteCursor(name: string): void {
    const cursor = this.cursors.get(name);
    if (!cursor) return;
    this.cursors.delete(name);
    this.patterns = this.patterns.filter((one) => one !== cursor);
    for (const [subject, list] of this.exact) {
      if (!list.includes(cursor)) continue;
      if (list.length === 1) this.exact.delete(subject);
      else
        this.exact.set(
          subject,
          list.filter((one) => one !== cursor),
        );
    }
    cursor.close();
  }

  /** Ends the stream; its pullers are told that their cursors are gone unless `silent`. */
  close(silent: boolean): void {
    this.closed = true;
    this.ageTimer?.cancel();
    for (const cursor of this.cursors.values()) cursor.close(silent);
    this.cursors.clear();
    this.entries.clear();
  }

  /** Two cursors on one subject of a work queue would each miss what the other acks; JetStream refuses them too. */
  private assertAlone(name: string, filter: string): void {
    for (const other of this.cursors.values()) {
      const { name: known, filterSubject = ">" } = other.config;
      if (!filtersOverlap(filter, filterSubject)) continue;
      const text = `cursor ${name} on ${filter} overlaps cursor ${known} on ${filterSubject} of work queue ${this.config.name}`;
      throw new LogFault("LOG_REFUSED", text);
    }
  }

  private *sequences(filter: string): Generator<number> {
    if (!isPattern(filter)) yield* this.subjects.get(filter) ?? [];
    else for (const entry of this.entries.values()) if (subjectMatches(filter, entry.subject)) yield entry.sequence;
  }

  private tell(subject: string, what: (cursor: MemoryCursorState) => void): void {
    this.exact.get(subject)?.forEach(what);
    for (const cursor of this.patterns) {
      if (subjectMatches(cursor.config.filterSubject ?? ">", subject)) what(cursor);
    }
  }

  /** Sequence of the oldest message, or the next one's when there is none. */
  private oldest(): number {
    if (this.entries.size === 0) this.first = this.last + 1;
    while (this.first <= this.last && !this.entries.has(this.first)) this.first++;
    return this.first;
  }

  private makeRoom(size: number): void {
    const { maxBytes, discard, name, retention } = this.config;
    const { messagesMax, bytesMax } = this.limits;
    while (maxBytes > 0 && this.bytes + size > maxBytes) {
      if (discard === "new" || this.entries.size === 0) throw full(name, `${maxBytes} bytes`);
      this.remove(this.oldest());
    }
    while (this.entries.size >= messagesMax || this.bytes + size > bytesMax) {
      const oldest = this.entries.get(this.oldest());
      const mayDiscard = discard === "old" && retention === "limits";
      if (!mayDiscard || !oldest || this.isNeeded(oldest))
        throw full(name, `${messagesMax} messages or ${bytesMax} bytes`);
      this.remove(oldest.sequence);
    }
  }

  private isNeeded({ sequence, subject }: Entry): boolean {
    for (const cursor of this.cursors.values()) if (cursor.needs(sequence, subject)) return true;
    return false;
  }

  private forgetIds(now: number): void {
    const since = now - this.config.duplicateWindowMs;
    for (let oldest = this.idsInOrder.peek(); oldest && oldest.at < since; oldest = this.idsInOrder.peek()) {
      this.ids.delete(oldest.id);
      this.idsInOrder.shift();
    }
  }

  private watchAge(): void {
    const { maxAgeMs } = this.config;
    if (maxAgeMs === 0 || this.ageTimer) return;
    const oldest = this.entries.get(this.oldest());
    if (!oldest) return;
    this.ageTimer = this.clock.setTimer(oldest.at + maxAgeMs - this.clock.monotonic(), () => {
      this.ageTimer = undefined;
      const since = this.clock.monotonic() - this.config.maxAgeMs;
      for (const entry of this.entries.values()) {
        if (entry.at > since) break;
        this.remove(entry.sequence);
      }
      this.watchAge();
    });
  }
}

function sizeOf({ headers, data }: OutgoingMessage): number {
  let size = data.length;
  for (const name in headers) size += name.length + headers[name]!.length + 4;
  return size;
}

function full(name: string, limit: string): LogFault {
  return new LogFault("LOG_FULL", `stream ${name} holds its limit of ${limit}`, {
    hint: "let consumers catch up, or raise the limit; the memory engine holds little, JetStream holds what the disk does",
  });
}
