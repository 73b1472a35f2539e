import { type AdmitOptions, admit } from "./admission.ts";
import { noChecks } from "./checks.ts";
import type { ResourceObject } from "./resource-object.ts";

type Fields = Record<string, unknown>;

/** A valid Trigger document with parts of its spec and metadata replaced; undefined removes. */
export function triggerDocument(spec: Fields = {}, metadata: Fields = {}): Fields {
  const whole = { broker: "default", subscriber: { uri: "http://localhost:3000/" }, ...spec };
  return {
    apiVersion: "eventing.knative.dev/v1",
    kind: "Trigger",
    metadata: { name: "orders", ...metadata },
    spec: whole,
  };
}

/** A valid Broker document. */
export function brokerDocument(spec: Fields = {}, metadata: Fields = {}): Fields {
  return { apiVersion: "eventing.knative.dev/v1", kind: "Broker", metadata: { name: "default", ...metadata }, spec };
}

/** A valid PingSource document. */
export function pingDocument(spec: Fields = {}, metadata: Fields = {}): Fields {
  const whole = { sink: { uri: "http://localhost:3000/" }, ...spec };
  return {
    apiVersion: "sources.knative.dev/v1",
    kind: "PingSource",
    metadata: { name: "tick", ...metadata },
    spec: whole,
  };
}

/** A valid Service document that runs an image. */
export function serviceDocument(container: Fields = {}, inner: Fields = {}, annotations: Fields = {}): Fields {
  const spec = { containers: [{ image: "example.com/fn", ...container }], ...inner };
  const template = { metadata: { annotations }, spec };
  return { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata: { name: "fn" }, spec: { template } };
}

/** A document of a kind by its parts. */
export function documentOf(apiVersion: string, kind: string, spec: Fields, metadata: Fields = {}): Fields {
  return { apiVersion, kind, metadata: { name: "sample", ...metadata }, spec };
}

const anySink = { uri: "http://localhost:3000/" };

/** A valid KafkaSource document with parts of its spec and metadata replaced; undefined removes. */
export function kafkaSourceDocument(spec: Fields = {}, metadata: Fields = {}): Fields {
  const whole = { bootstrapServers: ["localhost:9092"], topics: ["orders"], sink: anySink, ...spec };
  return documentOf("sources.knative.dev/v1", "KafkaSource", whole, metadata);
}

/** A valid KafkaSink document. */
export function kafkaSinkDocument(spec: Fields = {}): Fields {
  const whole = { bootstrapServers: ["localhost:9092"], topic: "orders", ...spec };
  return documentOf("eventing.knative.dev/v1alpha1", "KafkaSink", whole);
}

/** What names RabbitMQ in the documents below. */
export const rabbitmqReference = { connectionSecret: { name: "rabbitmq" } };

/** A valid RabbitmqSource document; `config` is its rabbitmqResourcesConfig. */
export function rabbitmqSourceDocument(spec: Fields = {}, config: Fields = {}, metadata: Fields = {}): Fields {
  const whole = {
    rabbitmqClusterReference: rabbitmqReference,
    rabbitmqResourcesConfig: { exchangeName: "orders", queueName: "rouse-orders", ...config },
    sink: anySink,
    ...spec,
  };
  return documentOf("sources.knative.dev/v1alpha1", "RabbitmqSource", whole, metadata);
}

/** A valid RabbitmqSink document. */
export function rabbitmqSinkDocument(spec: Fields = {}): Fields {
  const whole = { rabbitmqClusterReference: rabbitmqReference, exchangeName: "orders", ...spec };
  return documentOf("rouse.dev/v1alpha1", "RabbitmqSink", whole);
}

/** A valid HttpSource document. */
export function httpSourceDocument(spec: Fields = {}): Fields {
  const secret = { secretKeyRef: { name: "hooks", key: "token" } };
  return documentOf("rouse.dev/v1alpha1", "HttpSource", { preset: "github", secret, sink: anySink, ...spec });
}

/** A valid NatsSource document. */
export function natsSourceDocument(spec: Fields = {}): Fields {
  return documentOf("rouse.dev/v1alpha1", "NatsSource", { subject: "orders.>", sink: anySink, ...spec });
}

/** A valid ContainerSource document that runs an image. */
export function containerSourceDocument(container: Fields = {}, spec: Fields = {}, metadata: Fields = {}): Fields {
  const template = { spec: { containers: [{ image: "example.com/src", ...container }] } };
  return documentOf("sources.knative.dev/v1", "ContainerSource", { template, sink: anySink, ...spec }, metadata);
}

/** A valid SinkBinding document. */
export function sinkBindingDocument(subject: Fields = {}, spec: Fields = {}): Fields {
  const whole = { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "fn", ...subject };
  return documentOf("sources.knative.dev/v1", "SinkBinding", { subject: whole, sink: anySink, ...spec });
}

/** A valid Secret document. */
export function secretDocument(fields: Fields = {}, metadata: Fields = {}): Fields {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "sample", ...metadata }, ...fields };
}

/** What is wrong with a document, as `path: message`; empty when it is admitted. */
export function problemsOf(document: unknown, options: AdmitOptions = {}): string[] {
  const admission = admit(document, noChecks, options);
  return admission.kind === "admitted" ? [] : admission.problems.map((each) => `${each.path}: ${each.message}`);
}

/** What is told of a document that is admitted. */
export function warningsOf(document: unknown): readonly string[] {
  const admission = admit(document, noChecks);
  if (admission.kind === "refused") throw new Error(JSON.stringify(admission.problems));
  return admission.warnings;
}

/** The object of a document that is admitted. */
export function admitted<T extends ResourceObject>(document: unknown): T {
  const admission = admit(document, noChecks);
  if (admission.kind === "refused") throw new Error(JSON.stringify(admission.problems));
  return admission.object as T;
}
