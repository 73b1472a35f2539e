import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { noChecks } from "./checks.ts";
import { consumerGroupOf, type KafkaSourceObject, keyTypeOf } from "./kafka-source.ts";
import { findPlural, lookUpKind } from "./registry.ts";
import { admitted, kafkaSourceDocument, problemsOf, warningsOf } from "./samples.testing.ts";
import { servedApiVersions } from "./served-versions.ts";

const value = { secretKeyRef: { name: "kafka", key: "user" } };
const keyType = "kafkasources.sources.knative.dev/key-type";

test("kafka source: defaults are Knative's", () => {
  const source = admitted<KafkaSourceObject>(kafkaSourceDocument());
  expect(source.spec).toEqual({
    bootstrapServers: ["localhost:9092"],
    topics: ["orders"],
    consumers: 1,
    initialOffset: "latest",
    ordering: "ordered",
    sink: { uri: "http://localhost:3000/" },
  });
  expect(keyTypeOf(source)).toBe("string");
});

test("kafka source: a document of v1beta1 is stored as v1, and is found at either path", () => {
  const { definition, object } = admit(
    { ...kafkaSourceDocument(), apiVersion: "sources.knative.dev/v1beta1" },
    noChecks,
  ) as {
    definition: { group: string; version: string };
    object: KafkaSourceObject;
  };
  expect(object).toEqual(admitted(kafkaSourceDocument()));
  expect(object.apiVersion).toBe("sources.knative.dev/v1");
  expect(servedApiVersions(definition)).toEqual(["sources.knative.dev/v1", "sources.knative.dev/v1beta1"]);
  expect(findPlural("sources.knative.dev", "v1beta1", "kafkasources")).toBe(definition);
  expect(lookUpKind("sources.knative.dev/v1beta2", "KafkaSource")).toMatchObject({
    problem: { path: "apiVersion", hint: "write apiVersion: sources.knative.dev/v1" },
  });
});

test("kafka source: without a group of its own it gets one from its uid, again and again the same", () => {
  const stored = admitted<KafkaSourceObject>(kafkaSourceDocument({}, { uid: "1234" }));
  expect(consumerGroupOf(stored)).toBe("knative-kafka-source-1234");
  expect(stored.spec).not.toHaveProperty("consumerGroup");
  expect(problemsOf(kafkaSourceDocument(), { old: stored })).toEqual([]);
  expect(problemsOf(kafkaSourceDocument({ consumerGroup: "knative-kafka-source-1234" }), { old: stored })).toEqual([]);
  expect(problemsOf(kafkaSourceDocument({ consumerGroup: "mine" }), { old: stored })).toEqual([
    'spec.consumerGroup: field is immutable: cannot change "knative-kafka-source-1234" to "mine"',
  ]);
});

test("kafka source: the group cannot be left out later, all else can change", () => {
  const old = admitted<KafkaSourceObject>(kafkaSourceDocument({ consumerGroup: "mine" }, { uid: "1234" }));
  expect(problemsOf(kafkaSourceDocument(), { old })).toEqual([
    'spec.consumerGroup: field is immutable: cannot change "mine" to "knative-kafka-source-1234"',
  ]);
  const other = {
    consumerGroup: "mine",
    topics: ["a"],
    consumers: 0,
    ordering: "unordered",
    initialOffset: "earliest",
  };
  expect(problemsOf(kafkaSourceDocument(other), { old })).toEqual([]);
});

test.each([
  [{ bootstrapServers: undefined }, "spec.bootstrapServers: required value: expected a list"],
  [{ bootstrapServers: [] }, "spec.bootstrapServers: required value: expected at least one server, as host:port"],
  [{ bootstrapServers: "a:9092" }, 'spec.bootstrapServers: expected a list, got text "a:9092"'],
  [
    { bootstrapServers: ["[::1]:9092"] },
    'spec.bootstrapServers[0]: expected host:port, such as localhost:9092, got "[::1]:9092"',
  ],
  [
    { bootstrapServers: ["localhost"] },
    'spec.bootstrapServers[0]: expected host:port, such as localhost:9092, got "localhost"',
  ],
  [
    { bootstrapServers: ["a:9092,b:9092"] },
    'spec.bootstrapServers[0]: expected host:port, such as localhost:9092, got "a:9092,b:9092"',
  ],
  [
    { bootstrapServers: ["a:9092", "SASL_SSL://b:9093"] },
    'spec.bootstrapServers[1]: expected host:port, such as localhost:9092, got "SASL_SSL://b:9093"',
  ],
  [{ bootstrapServers: ["a:0"] }, 'spec.bootstrapServers[0]: expected host:port, such as localhost:9092, got "a:0"'],
  [
    { bootstrapServers: ["a:70000"] },
    'spec.bootstrapServers[0]: expected host:port, such as localhost:9092, got "a:70000"',
  ],
  [
    { bootstrapServers: ["a b:1"] },
    'spec.bootstrapServers[0]: expected host:port, such as localhost:9092, got "a b:1"',
  ],
  [{ topics: [] }, "spec.topics: required value: expected at least one topic"],
  [{ topics: ["a", "a"] }, 'spec.topics[1]: expected each topic once, got "a"'],
  [{ topics: [5] }, "spec.topics[0]: expected a text, got number 5"],
  [
    { topics: ["a b"] },
    'spec.topics[0]: expected the name of a topic: letters, digits, dots, underscores and hyphens, at most 249 characters, got "a b"',
  ],
  [
    { topics: [".."] },
    'spec.topics[0]: expected the name of a topic: letters, digits, dots, underscores and hyphens, at most 249 characters, got ".."',
  ],
  [{ consumerGroup: "" }, 'spec.consumerGroup: expected a text that is not empty, got ""'],
  [{ consumerGroup: "a\nb" }, 'spec.consumerGroup: expected a text without control characters, got "a\\nb"'],
  [{ consumers: -1 }, "spec.consumers: expected at least 0, got -1"],
  [{ consumers: 101 }, "spec.consumers: expected at most 100, got 101"],
  [{ consumers: 1.5 }, "spec.consumers: expected a whole number, got number 1.5"],
  [{ initialOffset: "newest" }, 'spec.initialOffset: expected one of latest, earliest, got "newest"'],
  [{ ordering: "sorted" }, 'spec.ordering: expected one of ordered, unordered, got "sorted"'],
  [{ sink: undefined }, "spec.sink: required value: expected a mapping"],
  [{ sink: {} }, "spec.sink: required value: expected ref, uri, or ref with a relative uri"],
  [{ sink: { uri: "http://x/", audience: "y" } }, 'spec.sink.audience: field "audience" is not supported yet'],
  [
    { delivery: { timeout: "5s" } },
    'spec.delivery.timeout: expected an ISO 8601 duration such as PT0.2S, PT10M or P7D, got "5s"',
  ],
  [
    { ceOverrides: { extensions: { id: "x" } } },
    'spec.ceOverrides.extensions.id: "id" is an attribute of the specification, not an extension',
  ],
  [{ net: { sasl: { roleARN: value } } }, 'spec.net.sasl.roleARN: field "roleARN" is not supported yet'],
  [
    { net: { sasl: { tokenProvider: value } } },
    'spec.net.sasl.tokenProvider: field "tokenProvider" is not supported yet',
  ],
  [
    { net: { sasl: { enable: true, user: value } } },
    "spec.net.sasl.password: required value: expected a password, or the token of OAUTHBEARER",
  ],
  [
    { net: { sasl: { enable: true, password: value } } },
    "spec.net.sasl.user: required value: expected a user, because the mechanism is PLAIN",
  ],
  [
    { net: { tls: { enable: true, cert: value } } },
    "spec.net.tls.key: required value: expected a key, because there is a cert",
  ],
  [
    { net: { tls: { enable: true, key: value } } },
    "spec.net.tls.cert: required value: expected a cert, because there is a key",
  ],
  [{ net: { tls: { enable: "yes" } } }, 'spec.net.tls.enable: expected a boolean, got text "yes"'],
  [
    { net: { tls: { enable: true, caCert: { secretKeyRef: { name: "A", key: "ca" } } } } },
    'spec.net.tls.caCert.secretKeyRef.name: expected a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters, got "A"',
  ],
  [{ net: { tls: { enable: true, caCert: "-----BEGIN" } } }, "spec.net.tls.caCert: expected a mapping, got a text"],
  [{ topic: "a" }, 'spec.topic: unknown field "topic"'],
])("kafka source: %j is refused", (spec, message) => {
  expect(problemsOf(kafkaSourceDocument(spec))).toEqual([message]);
});

test("kafka source: refused servers and fields come with the way out", () => {
  const hint = (spec: Record<string, unknown>) => {
    const admission = admit(kafkaSourceDocument(spec), noChecks);
    return admission.kind === "refused" ? admission.problems[0]!.hint : undefined;
  };
  expect(hint({ bootstrapServers: ["kafka"] })).toBe("write kafka:9092");
  expect(hint({ bootstrapServers: ["SSL://kafka:9093"] })).toBe("leave the protocol out: kafka:9093");
  expect(hint({ bootstrapServers: ["a:1,b:2"] })).toBe("write each server as an entry of its own");
  expect(hint({ net: { sasl: { roleARN: value } } })).toContain("OAUTHBEARER token");
});

test.each([
  [{ net: { tls: { enable: true } } }],
  [{ net: { tls: { enable: true, cert: value, key: value, caCert: value } } }],
  [{ net: { sasl: { enable: true, user: value, password: value, type: value } } }],
  [{ net: { sasl: { enable: true, password: value, type: value } } }],
  [{ net: { sasl: { enable: false } } }],
  [{ bootstrapServers: ["kafka.example.com.:9092", "127.0.0.1:9092", "my_kafka:9092"] }],
  [
    {
      delivery: {
        retry: 3,
        deadLetterSink: { ref: { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "b" } },
      },
    },
  ],
])("kafka source: %j is admitted without a warning", (spec) => {
  expect(warningsOf(kafkaSourceDocument(spec))).toEqual([]);
});

test("kafka source: what has no effect is told", () => {
  const ref = { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "default" };
  const annotations = { "autoscaling.knative.dev/class": "keda", "keda.autoscaling.knative.dev/pollingInterval": "30" };
  const spec = { net: { sasl: { user: value } }, sink: { ref }, delivery: { retry: 1 } };
  expect(warningsOf(kafkaSourceDocument(spec, { annotations }))).toEqual([
    "spec.net.sasl: has no effect without enable: true",
    "spec.delivery: has no effect, because the sink is a Broker, whose triggers deliver the events",
    "metadata.annotations[autoscaling.knative.dev/class]: is for a Service and has no effect on a KafkaSource",
    "metadata.annotations[keda.autoscaling.knative.dev/pollingInterval]: is not understood here and has no effect",
  ]);
});

test("kafka source: the label says how keys are read, and nothing else is taken", () => {
  const labelled = (text: string) => kafkaSourceDocument({}, { labels: { [keyType]: text } });
  expect(["int", "float", "byte-array"].map((each) => keyTypeOf(admitted(labelled(each))))).toEqual([
    "int",
    "float",
    "byte-array",
  ]);
  expect(problemsOf(labelled("bytes"))).toEqual([
    `metadata.labels[${keyType}]: expected one of string, int, float, byte-array, got "bytes"`,
  ]);
});

test("kafka source: references get the namespace of the source", () => {
  const ref = { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "default" };
  const { spec } = admitted<KafkaSourceObject>(
    kafkaSourceDocument({ sink: { ref }, delivery: { deadLetterSink: { ref } } }, { namespace: "shop" }),
  );
  expect([spec.sink.ref?.namespace, spec.delivery?.deadLetterSink?.ref?.namespace]).toEqual(["shop", "shop"]);
});

test("KafkaSource: a password in the place of a reference is not said back", () => {
  const net = { sasl: { enable: true, password: "hunter2-hunter2" } };
  expect(problemsOf(kafkaSourceDocument({ net }))).toEqual(["spec.net.sasl.password: expected a mapping, got a text"]);
});
