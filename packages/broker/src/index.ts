export { Broker, type BrokerNumbers, type BrokerOptions, type HistoryEntry, openBroker } from "./broker.ts";
export { BrokerFault, type BrokerFaultCode } from "./broker-fault.ts";
export { type BrokerSettings, brokerSettingsDefault } from "./broker-settings.ts";
export { type BrokerTiming, brokerTimingDefault } from "./broker-timing.ts";
export type { DeadStream } from "./dead-stream.ts";
export type { AttemptNote, Deliver, Delivery, Failure, Verdict } from "./delivery.ts";
export { LogFault, type LogFaultCode } from "./errors.ts";
export type { FaultHook, FaultPoint } from "./fault-points.ts";
export type { DeadLetterOutcome, DeadRecord, StoredDeadRecord } from "./format/dead-record.ts";
export { hopsAttribute, hopsDefault } from "./hops.ts";
export { addIngress, type Ingestible, type IngressBrokers } from "./ingress/ingress.ts";
export type { Appended, AppendOptions, BatchAnswer, ReplyAnswer, ReplyCause } from "./ingress/log-writer.ts";
export { type Problem, problemType } from "./ingress/problem.ts";
export { internalBroker, type JetstreamNames, jetstreamNames, typeTokens, uidOfSubject } from "./jetstream-names.ts";
export type { Journal, JournalEntry, JournalSubject } from "./journal.ts";
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
export { connectNats, type NatsOptions } from "./log/jetstream/connection.ts";
export { createJetstreamEngine, type JetstreamEngineOptions } from "./log/jetstream/jetstream-engine.ts";
export { type NatsServer, type NatsServerOptions, startNatsServer } from "./log/jetstream/nats-server.ts";
export { findNatsServer, type NatsServerBinary } from "./log/jetstream/nats-server-binary.ts";
export { createMemoryEngine, type MemoryEngineOptions } from "./log/memory-engine.ts";
export type { Capacity, Configuration, Matcher, Route } from "./route.ts";
