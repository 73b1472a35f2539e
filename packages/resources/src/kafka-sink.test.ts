import { expect, test } from "vitest";
import type { KafkaSinkObject } from "./kafka-sink.ts";
import { admitted, kafkaSinkDocument, problemsOf, triggerDocument } from "./samples.testing.ts";

test("kafka sink: is binary unless it says otherwise", () => {
  const sink = admitted<KafkaSinkObject>(kafkaSinkDocument());
  expect(sink.spec).toEqual({ bootstrapServers: ["localhost:9092"], topic: "orders", contentMode: "binary" });
});

test.each([
  [{ topic: undefined }, "spec.topic: required value: expected a text"],
  [
    { topic: "" },
    'spec.topic: expected the name of a topic: letters, digits, dots, underscores and hyphens, at most 249 characters, got ""',
  ],
  [{ bootstrapServers: [] }, "spec.bootstrapServers: required value: expected at least one server, as host:port"],
  [{ contentMode: "batch" }, 'spec.contentMode: expected one of binary, structured, got "batch"'],
  [{ numPartitions: 0, replicationFactor: 1 }, "spec.numPartitions: expected at least 1, got 0"],
  [{ numPartitions: 1, replicationFactor: 40_000 }, "spec.replicationFactor: expected at most 32767, got 40000"],
  [{ auth: { secret: {} } }, "spec.auth.secret.ref: required value: expected a mapping"],
  [{ auth: { secret: { ref: { name: 1 } } } }, "spec.auth.secret.ref.name: expected a text, got number 1"],
  [
    { auth: { secret: { ref: { name: "a.b" } } } },
    'spec.auth.secret.ref.name: expected a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters, got "a.b"',
  ],
  [{ sink: { uri: "http://x/" } }, 'spec.sink: unknown field "sink"'],
])("kafka sink: %j is refused", (spec, message) => {
  expect(problemsOf(kafkaSinkDocument(spec))).toEqual([message]);
});

test("kafka sink: topic, partitions and replication cannot be changed, the rest can", () => {
  const old = admitted<KafkaSinkObject>(kafkaSinkDocument({ numPartitions: 3, replicationFactor: 1 }));
  const next = kafkaSinkDocument({ topic: "other", numPartitions: 4 });
  expect(problemsOf(next, { old })).toEqual([
    'spec.topic: field is immutable: cannot change "orders" to "other"',
    "spec.numPartitions: field is immutable: cannot change 3 to 4",
    "spec.replicationFactor: field is immutable: cannot change 1 to nothing",
  ]);
  const same = { numPartitions: 3, replicationFactor: 1 };
  const changed = { ...same, bootstrapServers: ["b:9092"], contentMode: "structured" };
  expect(problemsOf(kafkaSinkDocument(changed), { old })).toEqual([]);
});

test.each([
  ["KafkaSink", "eventing.knative.dev/v1alpha1"],
  ["RabbitmqSink", "rouse.dev/v1alpha1"],
])("destinations: a %s can be a subscriber, in its own apiVersion only", (kind, apiVersion) => {
  const subscriber = (version: string) => ({ subscriber: { ref: { apiVersion: version, kind, name: "out" } } });
  expect(problemsOf(triggerDocument(subscriber(apiVersion)))).toEqual([]);
  expect(problemsOf(triggerDocument(subscriber("v1")))).toEqual([
    `spec.subscriber.ref.apiVersion: expected "${apiVersion}", got "v1"`,
  ]);
});
