import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { admitted, problemsOf, triggerDocument } from "./samples.testing.ts";
import type { TriggerObject } from "./trigger.ts";

const service = { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "fn" };
const label = "a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters";
const name = "an attribute name: lower-case letters and digits";

test("trigger: defaults are the empty filter, the broker label, and the object's namespace in references", () => {
  const delivery = { retry: 3, deadLetterSink: { ref: { ...service, name: "dead" } } };
  const trigger = admitted<TriggerObject>(
    triggerDocument({ subscriber: { ref: service }, delivery }, { namespace: "shop" }),
  );
  expect(trigger.metadata).toEqual({
    name: "orders",
    namespace: "shop",
    labels: { "eventing.knative.dev/broker": "default" },
  });
  expect(trigger.spec).toEqual({
    broker: "default",
    filter: {},
    subscriber: { ref: { ...service, namespace: "shop" } },
    delivery: { retry: 3, deadLetterSink: { ref: { ...service, name: "dead", namespace: "shop" } } },
  });
});

test.each([
  ["uri", { uri: "https://example.com/x" }],
  ["ref", { ref: service }],
  ["ref with a path", { ref: service, uri: "/update" }],
  [
    "ref to a Broker",
    { ref: { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "other", namespace: "b" } },
  ],
])("trigger: a subscriber by %s is admitted", (_, subscriber) => {
  expect(problemsOf(triggerDocument({ subscriber }))).toEqual([]);
});

const s = "spec.subscriber";
test.each([
  [undefined, `${s}: required value: expected a mapping`],
  [{}, `${s}: required value: expected ref, uri, or ref with a relative uri`],
  [{ uri: "/x" }, `${s}.uri: expected an absolute URL with a host, such as http://localhost:3000/, got "/x"`],
  [{ uri: "" }, `${s}.uri: expected an absolute URL with a host, such as http://localhost:3000/, got ""`],
  [{ uri: "localhost:3000" }, `${s}.uri: expected an http or https URL with a host, got "localhost:3000"`],
  [{ uri: "file:///etc/passwd" }, `${s}.uri: expected an http or https URL with a host, got "file:///etc/passwd"`],
  [{ uri: "http:///x" }, `${s}.uri: expected an http or https URL with a host, got "http:///x"`],
  [{ ref: service, uri: "http://x/" }, `${s}.uri: an absolute uri and ref exclude each other`],
  [{ ref: service, uri: "//evil/x" }, `${s}.uri: expected a path such as /update, got "//evil/x"`],
  [{ ref: { ...service, name: "../x" } }, `${s}.ref.name: expected ${label}, got "../x"`],
  [{ ref: { ...service, namespace: "A" } }, `${s}.ref.namespace: expected ${label}, got "A"`],
  [{ ref: { ...service, apiVersion: "v1" } }, `${s}.ref.apiVersion: expected "serving.knative.dev/v1", got "v1"`],
  [
    { ref: { ...service, kind: "Servce" } },
    `${s}.ref.kind: expected a kind events can be sent to (Service, Broker, KafkaSink, RabbitmqSink), got "Servce"`,
  ],
  [
    { ref: { apiVersion: "serving.knative.dev/v1", kind: "Service" } },
    `${s}.ref.name: required value: expected a text`,
  ],
  [{ ref: service, CACerts: "x" }, `${s}.CACerts: field "CACerts" is not supported yet`],
  ["http://x/", `${s}: expected a mapping, got text "http://x/"`],
])("trigger: the subscriber %j is refused", (subscriber, message) => {
  expect(problemsOf(triggerDocument({ subscriber }))).toEqual([message]);
});

const f = "spec.filters[0]";
test.each([
  [{}, `${f}: required value: expected exactly one of exact, prefix, suffix, all, any, not, cesql`],
  [{ exact: { a: "b" }, prefix: { a: "b" } }, `${f}: expected exactly one dialect, got exact and prefix`],
  [{ exact: {} }, `${f}.exact: required value: expected at least one attribute`],
  [{ prefix: { type: "" } }, `${f}.prefix.type: expected a text that is not empty, got ""`],
  [{ suffix: { "my-attr": "x" } }, `${f}.suffix.my-attr: expected ${name}, got "my-attr"`],
  [{ exact: { type: 5 } }, `${f}.exact.type: expected a text, got number 5`],
  [{ exact: { type: null } }, `${f}.exact.type: expected a text, got null`],
  [{ all: { exact: { a: "b" } } }, `${f}.all: expected a list, got mapping {"exact":{"a":"b"}}`],
  [{ all: [{ any: [{ not: { exact: { A: "b" } } }] }] }, `${f}.all[0].any[0].not.exact.A: expected ${name}, got "A"`],
  [{ any: [{}] }, `${f}.any[0]: required value: expected exactly one of exact, prefix, suffix, all, any, not, cesql`],
  [{ cesql: "type = 'a'" }, `${f}.cesql: cesql filters are not supported yet`],
  [{ not: { sql: "true" } }, `${f}.not.sql: cesql filters are not supported yet`],
  [{ exakt: { a: "b" } }, `${f}.exakt: unknown field "exakt"`],
  [null, `${f}: expected a mapping, got null`],
])("trigger: the filter %j is refused", (filter, message) => {
  expect(problemsOf(triggerDocument({ filters: [filter] }))).toEqual([message]);
});

test.each([[{ all: [] }], [{ any: [] }], [{ not: {} }]])(
  "trigger: the empty filter %j is admitted with a warning",
  (filter) => {
    const admission = admit(triggerDocument({ filters: [filter] }), { schedule: () => [] });
    expect(admission).toMatchObject({
      kind: "admitted",
      warnings: [`spec.filters[0].${Object.keys(filter)[0]}: is empty and matches every event`],
    });
  },
);

test("trigger: filter beside filters is admitted with a warning", () => {
  const both = triggerDocument({ filter: { attributes: { type: "a" } }, filters: [{ exact: { type: "b" } }] });
  expect(admit(both, { schedule: () => [] }).warnings).toEqual([
    "spec.filter: is ignored, because spec.filters is given",
  ]);
});

test("trigger: filter.attributes takes empty texts, and refuses names that no attribute can have", () => {
  expect(problemsOf(triggerDocument({ filter: { attributes: { type: "", source: "x" } } }))).toEqual([]);
  expect(problemsOf(triggerDocument({ filter: { attributes: { "1a": "x", Type: "y" } } }))).toEqual([
    `spec.filter.attributes[1a]: expected an attribute name: a lower-case letter, then lower-case letters and digits, got "1a"`,
    `spec.filter.attributes.Type: expected an attribute name: a lower-case letter, then lower-case letters and digits, got "Type"`,
  ]);
});

test("trigger: the domain's check of a filter is told with the path of its place", () => {
  const checks = { schedule: () => [], filter: () => [{ path: "exact.type", message: "too long" }] };
  const admission = admit(triggerDocument({ filters: [{ exact: { type: "x" } }] }), checks);
  expect(admission).toMatchObject({ problems: [{ path: "spec.filters[0].exact.type", message: "too long" }] });
});

const d = "spec.delivery";
const iso = "an ISO 8601 duration such as PT0.2S, PT10M or P7D";
test.each([
  [{ retry: -1 }, `${d}.retry: expected at least 0, got -1`],
  [{ retry: 1.5 }, `${d}.retry: expected a whole number, got number 1.5`],
  [{ retry: "3" }, `${d}.retry: expected a number, got text "3"`],
  [{ retry: 2 ** 31 }, `${d}.retry: expected at most 2147483647, got 2147483648`],
  [{ backoffPolicy: "constant" }, `${d}.backoffPolicy: expected one of linear, exponential, got "constant"`],
  [{ backoffDelay: "200ms" }, `${d}.backoffDelay: expected ${iso}, got "200ms"`],
  [{ timeout: "PT0S" }, `${d}.timeout: expected a duration longer than nothing, got "PT0S"`],
  [{ timeout: "P1M" }, `${d}.timeout: expected ${iso}, got "P1M"`],
  [{ retryAfterMax: "-PT1S" }, `${d}.retryAfterMax: expected ${iso}, got "-PT1S"`],
  [{ format: "JSON" }, `${d}.format: expected one of json, binary, got "JSON"`],
  [{ deadLetterSink: {} }, `${d}.deadLetterSink: required value: expected ref, uri, or ref with a relative uri`],
  [
    { deadLetterSink: { uri: "http://x/", audience: "a" } },
    `${d}.deadLetterSink.audience: field "audience" is not supported yet`,
  ],
])("trigger: the delivery %j is refused", (delivery, message) => {
  expect(problemsOf(triggerDocument({ delivery }))).toEqual([message]);
});

test("trigger: the broker is required, a DNS label, and immutable", () => {
  expect(problemsOf(triggerDocument({ broker: undefined }))).toEqual(["spec.broker: required value: expected a text"]);
  expect(problemsOf(triggerDocument({ broker: "../x" }))).toEqual([`spec.broker: expected ${label}, got "../x"`]);
  const old = admitted(triggerDocument());
  expect(problemsOf(triggerDocument({ broker: "other" }), { old })).toEqual([
    `spec.broker: field is immutable: cannot change "default" to "other"`,
  ]);
  expect(problemsOf(triggerDocument({ delivery: { retry: 1 } }), { old })).toEqual([]);
});

test("trigger: ordered delivery is refused clearly, unordered admitted", () => {
  const order = (value: string) =>
    triggerDocument({}, { annotations: { "kafka.eventing.knative.dev/delivery.order": value } });
  expect(problemsOf(order("unordered"))).toEqual([]);
  expect(admit(order("ordered"), { schedule: () => [] })).toMatchObject({
    problems: [{ hint: "ordered delivery is not supported yet; leave the annotation out" }],
  });
});

test("trigger: a dependency is an object of the same namespace", () => {
  const depends = (value: string) => triggerDocument({}, { annotations: { "knative.dev/dependency": value } });
  const reference = { apiVersion: "sources.knative.dev/v1", kind: "PingSource", name: "tick" };
  expect(problemsOf(depends(JSON.stringify(reference)))).toEqual([]);
  expect(problemsOf(depends(JSON.stringify({ ...reference, namespace: "b" })))).toEqual([
    `metadata.annotations[knative.dev/dependency]: expected an object in namespace "default", got "b"`,
  ]);
  expect(problemsOf(depends("tick"))).toHaveLength(1);
});
