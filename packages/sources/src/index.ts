export { SourceFault, type SourceFaultCode } from "./errors.ts";
export type {
  HmacScheme,
  HookChallenge,
  HookPreset,
  HookRule,
  HookRules,
  HookTypeRule,
  HttpSourceDefinition,
} from "./http/definition.ts";
export type { HookAnswer, HookBody, HookProblem, HookProblemCode, HookRequest } from "./http/hook.ts";
export {
  createHttpSource,
  type HttpSource,
  type HttpSourceOptions,
  type HttpSourceStatus,
} from "./http/http-source.ts";
export { hookEventType, httpSourceUri } from "./http/mapping.ts";
export {
  createKafkaClient,
  type KafkaClientOptions,
  type KafkaConnection,
  type KafkaLogLine,
  type KafkaSasl,
  type KafkaTls,
} from "./kafka/connection.ts";
export type { MemberState } from "./kafka/consumer-session.ts";
export {
  createKafkaSink,
  type KafkaSink,
  type KafkaSinkDefinition,
  type KafkaSinkOptions,
} from "./kafka/kafka-sink.ts";
export {
  createKafkaSource,
  type KafkaPartitionStatus,
  type KafkaSource,
  type KafkaSourceDefinition,
  type KafkaSourceOptions,
  type KafkaSourceStatus,
} from "./kafka/kafka-source.ts";
export { type KafkaShape, kafkaEvent, kafkaSourceUri, type Mapped } from "./kafka/mapping.ts";
export type { KafkaKeyType, KafkaRecord } from "./kafka/record.ts";
export type {
  NatsSourceConnection,
  NatsSourceDefinition,
  NatsSourceStream,
  NatsSourceTls,
} from "./nats/definition.ts";
export {
  type NatsMapped,
  type NatsRecord,
  type NatsShape,
  natsEvent,
  natsEventType,
  natsSourceUri,
  type StoredAt,
} from "./nats/mapping.ts";
export {
  createNatsSource,
  type NatsSource,
  type NatsSourceOptions,
  type NatsSourceStatus,
} from "./nats/nats-source.ts";
export { subjectsOverlap } from "./nats/subjects.ts";
export type { Outlet, OutletStatus, SendAnswer } from "./outlet.ts";
export type { ScheduleProblem } from "./ping/cron-expression.ts";
export type { DueTick, MissedTicks } from "./ping/due-ticks.ts";
export {
  firedEvent,
  missedExtension,
  type PingEvent,
  type PingShape,
  pingData,
  pingSourceUri,
  tickEvent,
  tickId,
} from "./ping/mapping.ts";
export {
  createPingSource,
  type PingDefinition,
  type PingNote,
  type PingOptions,
  type PingSource,
  type PingStatus,
} from "./ping/ping-source.ts";
export { between, newest, next, type ParsedSchedule, parseSchedule, previous, type Schedule } from "./ping/schedule.ts";
export { advanceLedger, type TickLedger, type TickRecord } from "./ping/tick-ledger.ts";
export type { TickNote } from "./ping/tick-queue.ts";
export type { RabbitmqConnection, RabbitmqTls } from "./rabbitmq/connection.ts";
export {
  type RabbitmqMapped,
  type RabbitmqMessage,
  type RabbitmqShape,
  rabbitmqEvent,
  rabbitmqSourceUri,
} from "./rabbitmq/mapping.ts";
export {
  createRabbitmqSink,
  type RabbitmqSink,
  type RabbitmqSinkDefinition,
  type RabbitmqSinkOptions,
} from "./rabbitmq/rabbitmq-sink.ts";
export {
  createRabbitmqSource,
  type RabbitmqSource,
  type RabbitmqSourceDefinition,
  type RabbitmqSourceOptions,
  type RabbitmqSourceStatus,
} from "./rabbitmq/rabbitmq-source.ts";
export type { BuryAnswer, Sink, SinkAnswer, Undeliverable } from "./sink.ts";
export type { Source, SourcePhase, SourceTrouble } from "./source.ts";
