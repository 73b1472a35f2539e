import { LogFault } from "../errors.ts";
import type {
  Cursor,
  CursorConfig,
  Engine,
  HeldMessage,
  OutgoingMessage,
  Puller,
  Stream,
  StreamConfig,
} from "./engine.ts";

/** An engine under test. */
export interface EngineRig extends AsyncDisposable {
  readonly engine: Engine;
  /** Lets `ms` of the engine's time go by. */
  pass(ms: number): Promise<void>;
  /** Timers, subscriptions and the like that the engine still has; asked after it was closed. */
  leftovers(): number;
}

/** Where engines may differ, with the reason. */
export interface EngineFeatures {
  /** Bytes that a message surely exceeds. */
  readonly tooLargeBytes: number;
}

export const ackWaitMs = 400;
let count = 0;

/** A number that no other call gave. */
export function serial(): number {
  return ++count;
}

export function streamConfig(change: Partial<StreamConfig> = {}): StreamConfig {
  const n = serial();
  return {
    name: `CONFORMANCE_${n}`,
    subjects: [`conf.${n}.>`],
    retention: "limits",
    maxAgeMs: 0,
    maxBytes: 0,
    duplicateWindowMs: 60_000,
    replicas: 1,
    discard: "old",
    ...change,
  };
}

export function subjectOf(config: StreamConfig, tail = "a"): string {
  return config.subjects[0]!.replace(">", tail);
}

export function outgoing(subject: string, messageId = `id-${serial()}`, size = 4): OutgoingMessage {
  return { subject, messageId, headers: { "ce-id": messageId, "ce-type": "t" }, data: new Uint8Array(size).fill(120) };
}

export function cursorConfig(change: Partial<CursorConfig> = {}): CursorConfig {
  return { name: "cursor", ackWaitMs, maxAckPending: 1000, ...change };
}

/** Waits for real I/O and microtasks alike; conditions are awaited, never slept for. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  for (let spins = 0; !condition(); spins++) {
    if (performance.now() - start > 8000) throw new Error(`waited too long until ${what}`);
    await new Promise<void>((resolve) => (spins < 50 ? setImmediate(resolve) : setTimeout(resolve, 2)));
  }
}

export interface Collector extends Puller {
  readonly messages: HeldMessage[];
  readonly sequences: number[];
  window: number;
  gone: number;
  most: number;
}

/** Pulls and keeps what comes. */
export function collect(cursor: Cursor, window = 100, each: (message: HeldMessage) => void = () => {}): Collector {
  const messages: HeldMessage[] = [];
  const puller = cursor.pull({
    window: () => collector.window,
    onMessage(message) {
      messages.push(message);
      queueMicrotask(() => {
        collector.most = Math.max(collector.most, puller.held);
      });
      each(message);
    },
    onGone() {
      collector.gone++;
    },
  });
  const collector: Collector = {
    messages,
    window,
    gone: 0,
    most: 0,
    get held() {
      return puller.held;
    },
    get sequences() {
      return messages.map((message) => message.sequence);
    },
    ask: () => puller.ask(),
    stop: () => puller.stop(),
  };
  return collector;
}

export async function fill(stream: Stream, subject: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => stream.append(outgoing(subject))));
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (failure) => (failure instanceof LogFault ? failure.code : String(failure)),
  );
}

export async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
