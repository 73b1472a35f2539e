import { type Clock, systemClock } from "@rouse/base";
import { LogFault } from "../errors.ts";
import type { Cursor, CursorConfig, Engine, Stream } from "./engine.ts";
import { MemoryPuller } from "./memory-puller.ts";
import { type MemoryLimits, MemoryStreamState } from "./memory-stream.ts";

/** Options of {@link createMemoryEngine}. */
export interface MemoryEngineOptions {
  readonly clock?: Clock;
  /** Messages in one stream; default 100,000. */
  readonly messagesMax?: number;
  /** Bytes in one stream; default 64 MiB. */
  readonly bytesMax?: number;
  /** Headers and data of one message; default 1 MiB, as on a nats-server. */
  readonly messageBytesMax?: number;
}

/**
 * Streams in the memory of this process, for development and tests: they end with it. At the engine's own limit a
 * `limits` stream that discards `old` gives up messages that no cursor needs any more; otherwise the write fails with
 * LOG_FULL. A work queue never gives up a message.
 */
export function createMemoryEngine(options: MemoryEngineOptions = {}): Engine {
  const clock = options.clock ?? systemClock;
  const limits: MemoryLimits = {
    messagesMax: options.messagesMax ?? 100_000,
    bytesMax: options.bytesMax ?? 64 * 1024 * 1024,
    messageBytesMax: options.messageBytesMax ?? 1024 * 1024,
  };
  const streams = new Map<string, MemoryStreamState>();
  let open = true;
  return {
    kind: "memory",
    maxMessageBytes: limits.messageBytesMax,
    get connected() {
      return open;
    },
    async stream(config) {
      if (!open) throw new LogFault("LOG_UNAVAILABLE", "expected an open memory engine, it is closed");
      const known = streams.get(config.name);
      if (known) known.config = config;
      else streams.set(config.name, new MemoryStreamState(config, limits, clock));
      return memoryStream(streams.get(config.name)!);
    },
    async deleteStream(name) {
      streams.get(name)?.close(false);
      streams.delete(name);
    },
    onReconnect: () => () => {},
    async [Symbol.asyncDispose]() {
      open = false;
      for (const stream of streams.values()) stream.close(true);
      streams.clear();
    },
  };
}

function memoryStream(state: MemoryStreamState): Stream {
  return {
    name: state.config.name,
    append: async (message) => state.append(message),
    cursor: (config) => memoryCursor(state, config),
    async info() {
      state.assertOpen();
      return state.info;
    },
    async counts(filter) {
      state.assertOpen();
      return state.counts(filter);
    },
    async get(sequence) {
      state.assertOpen();
      return state.message(sequence);
    },
    read: (options, signal) => state.read(options, signal),
    async remove(sequence) {
      state.assertOpen();
      return state.remove(sequence);
    },
    async purge(subject) {
      state.assertOpen();
      return state.purge(subject);
    },
  };
}

function memoryCursor(state: MemoryStreamState, config: CursorConfig): Cursor {
  return {
    open: async () => state.openCursor(config),
    pull(options) {
      const place = state.cursor(config.name);
      const puller = new MemoryPuller(options, () => place?.wake());
      if (place) place.attach(puller);
      else puller.lose();
      return puller;
    },
    info: async () => state.cursor(config.name)?.info,
    delete: async () => state.deleteCursor(config.name),
  };
}
