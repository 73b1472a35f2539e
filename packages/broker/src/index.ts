export { LogFault, type LogFaultCode } from "./errors.ts";
export { internalBroker, type JetstreamNames, jetstreamNames, typeTokens, uidOfSubject } from "./jetstream-names.ts";
export type {
  Cursor,
  CursorConfig,
  CursorInfo,
  Engine,
  HeldMessage,
  MessageHeaders,
  OutgoingMessage,
  Puller,
  PullOptions,
  ReadOptions,
  Stored,
  StoredMessage,
  Stream,
  StreamConfig,
  StreamInfo,
} from "./log/engine.ts";
export { createMemoryEngine, type MemoryEngineOptions } from "./log/memory-engine.ts";
