import { expect, test } from "vitest";
import {
  admitted,
  brokerDocument,
  containerSourceDocument,
  httpSourceDocument,
  kafkaSinkDocument,
  kafkaSourceDocument,
  natsSourceDocument,
  pingDocument,
  rabbitmqSinkDocument,
  rabbitmqSourceDocument,
  secretDocument,
  serviceDocument,
  sinkBindingDocument,
  triggerDocument,
} from "./samples.testing.ts";
import { secretRefs } from "./secret-references.ts";

const value = (name: string) => ({ secretKeyRef: { name, key: "k" } });
const auth = { secret: { ref: { name: "login" } } };
const env = [
  { name: "A", valueFrom: value("a") },
  { name: "B", value: "b" },
  { name: "C", valueFrom: value("a") },
];
const annotations = { "rouse.dev/headers-from": "headers" };
const net = {
  tls: { enable: true, caCert: value("ca") },
  sasl: { enable: true, user: value("sasl"), password: value("sasl") },
};

test.each([
  ["Broker", brokerDocument(), []],
  ["Secret", secretDocument(), []],
  ["SinkBinding", sinkBindingDocument(), []],
  ["Trigger", triggerDocument({}, { annotations }), ["headers"]],
  ["PingSource", pingDocument({}, { annotations }), ["headers"]],
  ["KafkaSource", kafkaSourceDocument({ net }, { annotations }), ["headers", "ca", "sasl"]],
  ["KafkaSource without net", kafkaSourceDocument(), []],
  ["KafkaSink", kafkaSinkDocument({ auth }), ["login"]],
  ["RabbitmqSource", rabbitmqSourceDocument(), ["rabbitmq"]],
  ["RabbitmqSink", rabbitmqSinkDocument(), ["rabbitmq"]],
  ["HttpSource", httpSourceDocument({ previousSecret: value("old") }), ["hooks", "old"]],
  ["NatsSource", natsSourceDocument({ servers: ["nats://a"], auth }), ["login"]],
  ["Service", serviceDocument({ env }), ["a"]],
  ["ContainerSource", containerSourceDocument({ env }), ["a"]],
])("secret references: of a %s", (_, document, names) => {
  expect(secretRefs(admitted(document))).toEqual(names.map((name) => ({ namespace: "default", name })));
});

test("secret references: are in the namespace of the object", () => {
  const trigger = admitted(triggerDocument({}, { annotations, namespace: "shop" }));
  expect(secretRefs(trigger)).toEqual([{ namespace: "shop", name: "headers" }]);
});
