export { type Admission, type AdmitOptions, admit } from "./admission.ts";
export type { AnnotationParser, AnnotationRead } from "./annotation.ts";
export type { AnnotationDefinition, AnnotationPlace } from "./annotation-definition.ts";
export { annotationDefinitions, knativeAnnotations, rouseAnnotations, rousePrefix } from "./annotations.ts";
export { type BrokerObject, type BrokerSpec, type BrokerStatus, brokerKind, defaultBrokerClass } from "./broker.ts";
export type { CloudEventOverrides } from "./ce-overrides.ts";
export { type CheckProblem, type Checks, noChecks } from "./checks.ts";
export type { PrinterColumn } from "./columns.ts";
export {
  type Condition,
  type ConditionChange,
  type ConditionSet,
  type ConditionStatus,
  findCondition,
  initialConditions,
  isReady,
  livingSet,
  timestamp,
  updateCondition,
} from "./conditions.ts";
export type { Container } from "./container.ts";
export { type ContainerResources, type Limits, limitsOf } from "./container-resources.ts";
export {
  type ContainerSourceObject,
  type ContainerSourceSpec,
  type ContainerSourceStatus,
  containerSourceKind,
} from "./container-source.ts";
export { defaultDelivery } from "./delivery-defaults.ts";
export type { DeliverySpec } from "./delivery-spec.ts";
export type { Destination, ObjectReference } from "./destination.ts";
export {
  type DocumentLimits,
  type DocumentsRead,
  formatProblem,
  type LocatedProblem,
  type Location,
  locateProblem,
  readDocuments,
  type SourceDocument,
} from "./documents.ts";
export { type DurationRead, formatDuration, parseDuration } from "./duration.ts";
export { type EffectiveDelivery, effectiveDelivery } from "./effective-delivery.ts";
export type { EnvironmentVariable } from "./environment.ts";
export { ResourceFault, type ResourceFaultCode } from "./errors.ts";
export { formatPath, joinPath, parsePath } from "./field-path.ts";
export type { AttributeMap, AttributesFilter, FilterSpec } from "./filter-spec.ts";
export type { HttpEventRules, HttpTypeRule, HttpValueRule } from "./http-event.ts";
export type { HttpSignature } from "./http-signature.ts";
export {
  type HttpChallenge,
  type HttpPreset,
  type HttpSourceObject,
  type HttpSourceSpec,
  type HttpSourceStatus,
  httpSourceKind,
} from "./http-source.ts";
export { editorSchema } from "./json-schema.ts";
export type { KafkaNet, KafkaNetSasl, KafkaNetTls } from "./kafka-net.ts";
export { type KafkaSinkObject, type KafkaSinkSpec, kafkaSinkKind, type SinkStatus } from "./kafka-sink.ts";
export {
  consumerGroupOf,
  type KafkaKeyType,
  type KafkaSourceObject,
  type KafkaSourceSpec,
  type KafkaSourceStatus,
  kafkaSourceKind,
  keyTypeLabel,
  keyTypeOf,
} from "./kafka-source.ts";
export type { KindDefinition } from "./kind.ts";
export { dnsLabelExpected, dnsLabelPattern, isDnsLabel, type ObjectMeta } from "./metadata.ts";
export {
  type NatsSourceObject,
  type NatsSourceSpec,
  type NatsSourceStatus,
  type NatsStream,
  natsSourceKind,
} from "./nats-source.ts";
export { didYouMean, nearest } from "./nearest.ts";
export { readAnnotation } from "./object-annotations.ts";
export { type JsonSchema, objectJsonSchema } from "./object-schema.ts";
export {
  defaultSchedule,
  type PingSourceObject,
  type PingSourceSpec,
  type PingSourceStatus,
  pingSourceKind,
} from "./ping-source.ts";
export { type Findings, type Problem, type ProblemReason, problem } from "./problem.ts";
export { type PullPolicy, pullPolicyOf } from "./pull-policy.ts";
export type { RabbitmqClusterReference } from "./rabbitmq-connection.ts";
export { type RabbitmqSinkObject, type RabbitmqSinkSpec, rabbitmqSinkKind } from "./rabbitmq-sink.ts";
export {
  type RabbitmqDelivery,
  type RabbitmqSourceObject,
  type RabbitmqSourceSpec,
  type RabbitmqSourceStatus,
  rabbitmqSourceKind,
} from "./rabbitmq-source.ts";
export { type ReadinessProbe, readinessPathOf } from "./readiness-probe.ts";
export {
  apiVersionOf,
  findKindByName,
  findPlural,
  type KindLookup,
  kinds,
  kindsInCategory,
  lookUpKind,
} from "./registry.ts";
export {
  formatApiVersion,
  kindName,
  parseApiVersion,
  pathOf,
  type ResourceObject,
  type ResourceStatus,
} from "./resource-object.ts";
export { type RevisionObject, type RevisionSpec, revisionKind, revisionLabels } from "./revision.ts";
export { hasCommand, type RunnableObject } from "./runnable.ts";
export { type SecretFields, type SecretObject, secretBytesMax, secretKind, secretOrigins } from "./secret.ts";
export type { SecretOrigins } from "./secret-annotation.ts";
export { redactedData, redactedText, redactSecret, type Unredacted, unredactSecret } from "./secret-redaction.ts";
export type { SecretAuth, SecretKeySelector, SecretValue } from "./secret-reference.ts";
export { type SecretReference, secretRefs } from "./secret-references.ts";
export { servedApiVersions, servedVersions } from "./served-versions.ts";
export {
  type ServiceContainer,
  type ServiceObject,
  type ServiceSpec,
  type ServiceStatus,
  serviceKind,
} from "./service.ts";
export {
  type BindingSubject,
  isBound,
  type SinkBindingObject,
  type SinkBindingSpec,
  type SinkBindingStatus,
  sinkBindingKind,
} from "./sink-binding.ts";
export type { TemplateMetadata } from "./template.ts";
export type { TrafficStatus, TrafficTarget } from "./traffic.ts";
export { brokerLabel, type TriggerObject, type TriggerSpec, type TriggerStatus, triggerKind } from "./trigger.ts";
export { isPublic, visibilityLabel } from "./visibility.ts";
