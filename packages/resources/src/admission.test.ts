import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { noChecks } from "./checks.ts";
import { findKindByName, findPlural, kinds, kindsInCategory } from "./registry.ts";
import { pathOf } from "./resource-object.ts";
import {
  brokerDocument,
  containerSourceDocument,
  httpSourceDocument,
  kafkaSinkDocument,
  kafkaSourceDocument,
  natsSourceDocument,
  problemsOf,
  rabbitmqSinkDocument,
  rabbitmqSourceDocument,
  secretDocument,
  sinkBindingDocument,
  triggerDocument,
} from "./samples.testing.ts";

const label = "a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters";

test.each([
  [null, ": expected a mapping with apiVersion, kind, metadata and spec, got null"],
  [[1], ": expected a mapping with apiVersion, kind, metadata and spec, got [1]"],
  ["x", ': expected a mapping with apiVersion, kind, metadata and spec, got "x"'],
  [{}, "apiVersion: required value: expected group and version of the kind, such as eventing.knative.dev/v1"],
  [{ apiVersion: "v1" }, "kind: required value: expected the kind of the object, such as Trigger"],
  [{ apiVersion: "v1", kind: "Trigger" }, 'apiVersion: expected "eventing.knative.dev/v1" for a Trigger, got "v1"'],
  [{ apiVersion: "v1", kind: "Service" }, 'apiVersion: expected "serving.knative.dev/v1" for a Service, got "v1"'],
  [
    { apiVersion: "flows.knative.dev/v1", kind: "Sequence" },
    'kind: kind "Sequence" (flows.knative.dev/v1) is not supported yet',
  ],
  [
    { apiVersion: "sources.knative.dev/v1", kind: "PingSorce" },
    'kind: unknown kind "PingSorce" in sources.knative.dev/v1',
  ],
  [{ apiVersion: "eventing.knative.dev/v1", kind: "Broker" }, "metadata: required value: expected a mapping"],
  [{ ...brokerDocument(), metadata: null }, "metadata: expected a mapping, got null"],
  [{ ...brokerDocument(), metadata: {} }, "metadata.name: required value: expected a name"],
  [{ ...brokerDocument(), metadata: { name: "../x" } }, `metadata.name: expected ${label}, got "../x"`],
  [{ ...brokerDocument(), metadata: { name: "a.b" } }, `metadata.name: expected ${label}, got "a.b"`],
  [{ ...brokerDocument(), metadata: { name: 1 } }, "metadata.name: expected a text, got number 1"],
  [
    { ...brokerDocument(), metadata: { name: "a", namespace: "a/b" } },
    `metadata.namespace: expected ${label}, got "a/b"`,
  ],
  [
    { ...brokerDocument(), metadata: { name: "a".repeat(64) } },
    `metadata.name: expected ${label}, got "${"a".repeat(64)}"`,
  ],
  [{ ...brokerDocument(), spec: null }, "spec: expected a mapping, got null"],
  [{ ...brokerDocument(), spec: [] }, "spec: expected a mapping, got list []"],
  [{ ...brokerDocument(), delivery: {} }, 'delivery: unknown field "delivery"'],
  [{ ...triggerDocument(), spec: undefined }, "spec: required value: expected a mapping"],
  [triggerDocument({ brokr: "x" }), 'spec.brokr: unknown field "brokr"'],
  [
    triggerDocument({ delivery: { deadLetterSink: { url: "x" } } }),
    'spec.delivery.deadLetterSink.url: unknown field "url"',
  ],
  [triggerDocument({ delivery: { retry: Number.NaN } }), 'spec.delivery.retry: expected a finite number, got "NaN"'],
  [
    JSON.parse('{"apiVersion":"v1","kind":"x","__proto__":{"a":1}}'),
    '__proto__: the field name "__proto__" is not allowed',
  ],
])("admission: %j is refused", (document, message) => {
  expect(problemsOf(document)).toEqual([message]);
});

test("admission: an unknown field comes with what is known, the nearest name, and its place when it slipped out of spec", () => {
  const hint = (document: unknown) => {
    const admission = admit(document, noChecks);
    return admission.kind === "refused" ? admission.problems[0] : undefined;
  };
  expect(hint(triggerDocument({ filtrs: [] }))).toMatchObject({
    reason: "FieldUnknown",
    expected: "one of broker, filter, filters, subscriber, delivery",
    hint: 'did you mean "filters"?',
  });
  expect(hint({ ...triggerDocument(), filter: {} })?.hint).toBe("it belongs under spec: spec.filter (is it indented?)");
  expect(hint(triggerDocument({ filters: [{ all: [{ exactly: {} }] }] }))?.expected).toContain("exact, prefix");
});

test("admission: unknown fields are removed when the caller wants them so", () => {
  const document = triggerDocument({ brokr: "x", filters: [{ exact: { type: "a" }, zz: 1 }] });
  const warned = admit(document, noChecks, { unknownFields: "warn" });
  expect(warned).toMatchObject({
    kind: "admitted",
    warnings: ['unknown field "spec.filters[0].zz"', 'unknown field "spec.brokr"'],
  });
  expect(admit(document, noChecks, { unknownFields: "ignore" })).toMatchObject({ kind: "admitted", warnings: [] });
  expect(warned.kind === "admitted" && warned.object.spec).not.toHaveProperty("brokr");
});

test("admission: status is dropped, empty metadata too, and the document is not changed", () => {
  const document = { ...brokerDocument({}, { creationTimestamp: null, labels: null }), status: { conditions: [] } };
  const before = structuredClone(document);
  const admission = admit(document, noChecks, { namespace: "shop" });
  expect(admission.kind === "admitted" && admission.object).not.toHaveProperty("status");
  expect(admission).toMatchObject({ object: { metadata: { namespace: "shop" } } });
  expect(document).toEqual(before);
});

test("admission: admitting what was admitted changes nothing", () => {
  const ref = { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "default" };
  const documents = [
    triggerDocument({ filters: [{ not: { exact: { type: "a" } } }] }),
    brokerDocument(),
    kafkaSourceDocument({ sink: { ref } }),
    kafkaSinkDocument(),
    rabbitmqSourceDocument({ sink: { ref } }),
    rabbitmqSinkDocument(),
    httpSourceDocument({ preset: "hmac", signature: { header: "X-Sig", timestampHeader: "X-Time" } }),
    natsSourceDocument({ subject: undefined, stream: { name: "ORDERS" } }),
    containerSourceDocument({}, { sink: { ref } }),
    sinkBindingDocument(),
    secretDocument({ stringData: { a: "b" } }),
  ];
  for (const document of documents) {
    const once = admit(document, noChecks);
    expect(once.kind === "admitted" && admit(once.object, noChecks)).toEqual(once);
  }
});

test("admission: nesting without end is refused before anything recursive sees it", () => {
  let filter: object = { exact: { type: "a" } };
  for (let depth = 0; depth < 100_000; depth++) filter = { not: filter };
  expect(problemsOf(triggerDocument({ filters: [filter] }))).toEqual([
    ": expected at most 64 levels of nesting, got more",
  ]);
});

test("registry: what others refer to comes first", () => {
  const order = kinds.map((each) => each.kind);
  expect(order[0]).toBe("Secret");
  const before = [
    ["Broker", "Trigger"],
    ["KafkaSink", "Trigger"],
    ["RabbitmqSink", "Trigger"],
    ["Service", "Trigger"],
    ...order.filter((kind) => /Source$|Binding$/.test(kind)).map((kind) => ["Trigger", kind]),
  ];
  for (const [first, then] of before) expect(order.indexOf(first!)).toBeLessThan(order.indexOf(then!));
  expect(order).toHaveLength(14);
});

test("registry: kinds are found by path, by what people type, and by category", () => {
  const trigger = findPlural("eventing.knative.dev", "v1", "triggers");
  expect(["trigger", "Triggers", "triggers.eventing.knative.dev"].map(findKindByName)).toEqual([
    trigger,
    trigger,
    trigger,
  ]);
  expect(findKindByName("ksvc")?.kind).toBe("Service");
  expect(findKindByName("pods")).toBeUndefined();
  expect(kindsInCategory("serving").map((each) => each.kind)).toEqual(["Service", "Revision"]);
  expect(pathOf(trigger!, "shop", "orders")).toBe("/apis/eventing.knative.dev/v1/namespaces/shop/triggers/orders");
  expect(pathOf(trigger!, undefined)).toBe("/apis/eventing.knative.dev/v1/triggers");
});
