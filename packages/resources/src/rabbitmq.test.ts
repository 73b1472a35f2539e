import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { rouseAnnotations } from "./annotations.ts";
import { noChecks } from "./checks.ts";
import { readAnnotation } from "./object-annotations.ts";
import type { RabbitmqSinkObject } from "./rabbitmq-sink.ts";
import type { RabbitmqSourceObject } from "./rabbitmq-source.ts";
import {
  admitted,
  problemsOf,
  rabbitmqReference,
  rabbitmqSinkDocument,
  rabbitmqSourceDocument,
} from "./samples.testing.ts";

const config = "spec.rabbitmqResourcesConfig";
const reference = "spec.rabbitmqClusterReference";

test("rabbitmq source: reads one message at a time and declares a quorum queue by default", () => {
  const source = admitted<RabbitmqSourceObject>(rabbitmqSourceDocument());
  expect(source.spec.rabbitmqResourcesConfig).toEqual({
    exchangeName: "orders",
    queueName: "rouse-orders",
    parallelism: 1,
    predeclared: false,
  });
  expect(readAnnotation(source, rouseAnnotations.queueType)).toBe("quorum");
});

test.each([
  [{}, { queueName: undefined }, `${config}.queueName: required value: expected a text`],
  [{}, { queueName: "" }, `${config}.queueName: expected a text that is not empty, got ""`],
  [
    {},
    { queueName: "amq.gen" },
    `${config}.queueName: expected a name that RabbitMQ does not keep for itself, got "amq.gen"`,
  ],
  [{}, { queueName: "é".repeat(128) }, `${config}.queueName: expected at most 255 bytes, got "${"é".repeat(78)}…`],
  [{}, { queueName: "a\u0000" }, `${config}.queueName: expected a text without control characters, got "a\\u0000"`],
  [
    {},
    { exchangeName: undefined },
    `${config}.exchangeName: required value: expected the exchange that the queue is bound to`,
  ],
  [{}, { exchangeName: "" }, `${config}.exchangeName: expected a text that is not empty, got ""`],
  [{}, { parallelism: 0 }, `${config}.parallelism: expected at least 1, got 0`],
  [{}, { parallelism: 1001 }, `${config}.parallelism: expected at most 1000, got 1001`],
  [{}, { predeclared: "true" }, `${config}.predeclared: expected a boolean, got text "true"`],
  [{}, { vhost: "" }, `${config}.vhost: expected a text that is not empty, got ""`],
  [{}, { queue: "a" }, `${config}.queue: unknown field "queue"`],
  [{ rabbitmqResourcesConfig: undefined }, {}, `${config}: required value: expected a mapping`],
  [{ rabbitmqClusterReference: undefined }, {}, `${reference}: required value: expected a mapping`],
  [
    { rabbitmqClusterReference: { ...rabbitmqReference, name: "rmq" } },
    {},
    `${reference}.name: field "name" is not supported yet`,
  ],
  [
    { rabbitmqClusterReference: { ...rabbitmqReference, namespace: "x" } },
    {},
    `${reference}.namespace: field "namespace" is not supported yet`,
  ],
  [
    { rabbitmqClusterReference: { connectionSecret: { name: "" } } },
    {},
    `${reference}.connectionSecret.name: expected a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters, got ""`,
  ],
  [{ serviceAccountName: "x" }, {}, 'spec.serviceAccountName: field "serviceAccountName" is not supported yet'],
  [{ adapterContainerName: "x" }, {}, 'spec.adapterContainerName: field "adapterContainerName" is not supported yet'],
  [{ delivery: { retry: -1 } }, {}, "spec.delivery.retry: expected at least 0, got -1"],
  [
    { delivery: { backoffDelay: "200ms" } },
    {},
    'spec.delivery.backoffDelay: expected an ISO 8601 duration such as PT0.2S, PT10M or P7D, got "200ms"',
  ],
  [
    { delivery: { deadLetterSink: { uri: "http://x/" } } },
    {},
    'spec.delivery.deadLetterSink: field "deadLetterSink" is not supported yet',
  ],
  [
    { delivery: { backoffPolicy: "cubic" } },
    {},
    'spec.delivery.backoffPolicy: expected one of linear, exponential, got "cubic"',
  ],
])("rabbitmq source: %j, resources %j is refused", (spec, resources, message) => {
  const [told] = problemsOf(rabbitmqSourceDocument(spec, resources));
  expect(told).toContain(message);
  expect(problemsOf(rabbitmqSourceDocument(spec, resources))).toHaveLength(1);
});

test("rabbitmq source: a cluster by name is refused with the Secret that takes its place", () => {
  const admission = admit(rabbitmqSourceDocument({ rabbitmqClusterReference: { name: "rmq" } }), noChecks);
  const problems = admission.kind === "refused" ? admission.problems : [];
  expect(problems.find((each) => each.path === `${reference}.name`)?.hint).toContain(
    "connectionSecret: {name: rabbitmq}",
  );
});

test("rabbitmq source: a predeclared queue needs no exchange and may have a name of RabbitMQ's own", () => {
  const resources = { predeclared: true, exchangeName: undefined, queueName: "amq.gen-x" };
  expect(problemsOf(rabbitmqSourceDocument({}, resources))).toEqual([]);
});

test("rabbitmq source: none of it can be changed, and annotations can", () => {
  const old = admitted<RabbitmqSourceObject>(rabbitmqSourceDocument());
  expect(problemsOf(rabbitmqSourceDocument({ sink: { uri: "http://b/" } }, { parallelism: 2 }), { old })).toEqual([
    expect.stringContaining(`${config}: field is immutable`),
    'spec.sink: field is immutable: cannot change {"uri":"http://localhost:3000/"} to {"uri":"http://b/"}',
  ]);
  const annotations = { "rouse.dev/queue-type": "classic" };
  expect(problemsOf(rabbitmqSourceDocument({}, {}, { annotations }), { old })).toEqual([]);
});

test("rabbitmq source: other types of queues are refused", () => {
  const annotations = { "rouse.dev/queue-type": "stream" };
  expect(problemsOf(rabbitmqSourceDocument({}, {}, { annotations }))).toEqual([
    'metadata.annotations[rouse.dev/queue-type]: expected one of quorum, classic, got "stream"',
  ]);
});

test("rabbitmq sink: is binary by default, and leaves the routing key to the type", () => {
  const { spec } = admitted<RabbitmqSinkObject>(rabbitmqSinkDocument());
  expect(spec).toEqual({
    rabbitmqClusterReference: rabbitmqReference,
    exchangeName: "orders",
    contentMode: "binary",
  });
  expect(problemsOf(rabbitmqSinkDocument({ exchangeName: "", routingKey: "a-queue" }))).toEqual([]);
});

test.each([
  [{ exchangeName: undefined }, "spec.exchangeName: required value: expected a text"],
  [{ exchangeName: "" }, 'spec.routingKey: expected the name of a queue, because exchangeName is empty, got ""'],
  [{ exchangeName: "a\n" }, 'spec.exchangeName: expected a text without control characters, got "a\\n"'],
  [{ routingKey: 5 }, "spec.routingKey: expected a text, got number 5"],
  [{ vhost: "" }, 'spec.vhost: expected a text that is not empty, got ""'],
  [{ contentMode: "json" }, 'spec.contentMode: expected one of binary, structured, got "json"'],
  [{ rabbitmqClusterReference: {} }, `${reference}.connectionSecret: required value: expected a mapping`],
  [{ auth: {} }, 'spec.auth: unknown field "auth"'],
])("rabbitmq sink: %j is refused", (spec, message) => {
  expect(problemsOf(rabbitmqSinkDocument(spec))).toEqual([message]);
});
