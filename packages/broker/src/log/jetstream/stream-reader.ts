import type { ReadOptions, StoredMessage } from "../engine.ts";

/** Gives the first message at or after a sequence whose subject the filter takes; undefined when there is none. */
export type NextMessage = (fromSequence: number, filterSubject: string) => Promise<StoredMessage | undefined>;

const aheadMax = 32;

/**
 * Reads a stream message by message through the API: no consumer is left behind by a crash, work queues can be read
 * too, and it works the same on every server. Where messages lie close together it asks for several at once.
 */
export async function* readStream(
  next: NextMessage,
  lastSequence: number,
  options: ReadOptions,
  signal?: AbortSignal,
): AsyncGenerator<StoredMessage> {
  const filter = options.filterSubject ?? ">";
  let sequence = options.fromSequence ?? 1;
  if (options.fromTime !== undefined) {
    sequence = Math.max(sequence, await firstAfter(next, options.fromTime, lastSequence));
  }
  let ahead = 1;
  while (sequence <= lastSequence) {
    signal?.throwIfAborted();
    const asked = Array.from({ length: Math.min(ahead, lastSequence - sequence + 1) }, (_, n) => sequence + n);
    const found = new Map<number, StoredMessage>();
    for (const message of await Promise.all(asked.map((from) => next(from, filter)))) {
      if (message) found.set(message.sequence, message);
    }
    if (found.size === 0) return;
    for (const message of found.values()) {
      signal?.throwIfAborted();
      if (message.sequence > lastSequence) return;
      yield message;
      sequence = message.sequence + 1;
    }
    ahead = found.size * 2 > asked.length ? Math.min(ahead * 2, aheadMax) : 1;
  }
}

/** The sequence of the first message stored at or after a time, or the one behind the last; by halving. */
async function firstAfter(next: NextMessage, time: number, lastSequence: number): Promise<number> {
  let low = 1;
  let high = lastSequence + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const message = await next(middle, ">");
    if (!message || message.sequence > lastSequence || message.storedAt >= time) high = middle;
    else low = message.sequence + 1;
  }
  return low;
}
