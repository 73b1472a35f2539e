import { type Json, type Manifest, refTo, trigger } from "./api.ts";
import type { Subscriber } from "./subscriber.ts";

/** The broker `default`, as a destination. */
export const toDefault: Json = refTo("Broker", "default");

/** A Secret. */
export function secret(name: string, stringData: Record<string, string>): Manifest {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData };
}

/** A KafkaSource that reads a topic from its beginning; default sink: the broker `default`. */
export function kafkaSource(name: string, bootstrap: string, topics: readonly string[], spec: Json = {}): Manifest {
  return {
    apiVersion: "sources.knative.dev/v1",
    kind: "KafkaSource",
    metadata: { name },
    spec: {
      bootstrapServers: [bootstrap],
      topics,
      consumerGroup: `group-${name}`,
      initialOffset: "earliest",
      sink: toDefault,
      ...spec,
    },
  };
}

/** A KafkaSink. */
export function kafkaSink(name: string, bootstrap: string, topic: string, spec: Json = {}): Manifest {
  return {
    apiVersion: "eventing.knative.dev/v1alpha1",
    kind: "KafkaSink",
    metadata: { name },
    spec: { bootstrapServers: [bootstrap], topic, ...spec },
  };
}

/** A RabbitmqSource of a queue and an exchange of its own name; its connection is in a Secret. */
export function rabbitmqSource(name: string, connection: string, config: Json = {}, spec: Json = {}): Manifest {
  return {
    apiVersion: "sources.knative.dev/v1alpha1",
    kind: "RabbitmqSource",
    metadata: { name },
    spec: {
      rabbitmqClusterReference: { connectionSecret: { name: connection } },
      rabbitmqResourcesConfig: { exchangeName: name, queueName: name, ...config },
      sink: toDefault,
      ...spec,
    },
  };
}

/** A RabbitmqSink; its connection is in a Secret. */
export function rabbitmqSink(name: string, connection: string, exchangeName: string, spec: Json = {}): Manifest {
  return {
    apiVersion: "rouse.dev/v1alpha1",
    kind: "RabbitmqSink",
    metadata: { name },
    spec: { rabbitmqClusterReference: { connectionSecret: { name: connection } }, exchangeName, ...spec },
  };
}

/** An HttpSource to the broker `default`. */
export function httpSource(name: string, spec: Json): Manifest {
  return {
    apiVersion: "rouse.dev/v1alpha1",
    kind: "HttpSource",
    metadata: { name },
    spec: { sink: toDefault, ...spec },
  };
}

/** A NatsSource to the broker `default`. */
export function natsSource(name: string, spec: Json): Manifest {
  return {
    apiVersion: "rouse.dev/v1alpha1",
    kind: "NatsSource",
    metadata: { name },
    spec: { sink: toDefault, ...spec },
  };
}

/** Where a secret value lies. */
export function fromSecret(name: string, key: string): Json {
  return { secretKeyRef: { name, key } };
}

/** A Trigger that sends the events of one source to a path of the subscriber. */
export function followSource(name: string, source: string, subscriber: Subscriber): Manifest {
  return trigger(name, subscriber.url(`/${name}`), { filter: { attributes: { source } } });
}
