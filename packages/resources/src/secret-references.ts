import { rouseAnnotations } from "./annotations.ts";
import type { ContainerSourceObject } from "./container-source.ts";
import type { EnvironmentVariable } from "./environment.ts";
import type { HttpSourceObject } from "./http-source.ts";
import type { KafkaSinkObject } from "./kafka-sink.ts";
import type { KafkaSourceObject } from "./kafka-source.ts";
import type { NatsSourceObject } from "./nats-source.ts";
import type { RabbitmqSinkObject } from "./rabbitmq-sink.ts";
import type { RabbitmqSourceObject } from "./rabbitmq-source.ts";
import type { ResourceObject } from "./resource-object.ts";
import type { SecretValue } from "./secret-reference.ts";
import type { ServiceObject } from "./service.ts";

/** A Secret that an object reads. */
export interface SecretReference {
  readonly namespace: string;
  readonly name: string;
}

type Names = readonly (string | undefined)[];

/** What the specification of a kind names; kinds that are not here name none. */
const named: Readonly<Record<string, (object: never) => Names>> = {
  KafkaSource: ({ spec: { net } }: KafkaSourceObject) =>
    [...Object.values(net?.tls ?? {}), ...Object.values(net?.sasl ?? {})].map(nameOf),
  KafkaSink: ({ spec }: KafkaSinkObject) => [spec.auth?.secret.ref.name],
  RabbitmqSource: ({ spec }: RabbitmqSourceObject) => [spec.rabbitmqClusterReference.connectionSecret.name],
  RabbitmqSink: ({ spec }: RabbitmqSinkObject) => [spec.rabbitmqClusterReference.connectionSecret.name],
  HttpSource: ({ spec }: HttpSourceObject) => [spec.secret, spec.previousSecret].map(nameOf),
  NatsSource: ({ spec }: NatsSourceObject) => [spec.auth?.secret.ref.name],
  Service: ({ spec }: ServiceObject) => inEnvironment(spec.template.spec.containers?.[0]?.env),
  ContainerSource: ({ spec }: ContainerSourceObject) => inEnvironment(spec.template.spec.containers?.[0]?.env),
};

/** The Secrets that an admitted object reads, each once: a change of one of them is a change of the object. */
export function secretRefs(object: ResourceObject): readonly SecretReference[] {
  const { namespace, annotations } = object.metadata;
  const of = Object.hasOwn(named, object.kind) ? named[object.kind] : undefined;
  const names = [annotations?.[rouseAnnotations.headersFrom.name], ...(of?.(object as never) ?? [])];
  return [...new Set(names)].flatMap((name) => (name === undefined ? [] : [{ namespace, name }]));
}

function inEnvironment(env: readonly EnvironmentVariable[] | undefined): Names {
  return (env ?? []).map(({ valueFrom }) => nameOf(valueFrom));
}

function nameOf(value: SecretValue | boolean | undefined): string | undefined {
  return typeof value === "object" ? value.secretKeyRef.name : undefined;
}
