import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { annotationDefinitions, knativeAnnotations, rouseAnnotations, rousePrefix } from "./annotations.ts";
import { noChecks } from "./checks.ts";
import { readAnnotation } from "./object-annotations.ts";
import { kinds } from "./registry.ts";
import { admitted, brokerDocument, pingDocument, problemsOf, triggerDocument } from "./samples.testing.ts";

test("annotations: names are unique, of known kinds, and told in one line", () => {
  expect(new Set(annotationDefinitions.map((each) => each.name)).size).toBe(annotationDefinitions.length);
  const known = kinds.map((each) => each.kind);
  for (const { name, kinds: of, doc } of annotationDefinitions) {
    expect([name, known]).toEqual([name, expect.arrayContaining([...of])]);
    expect(doc).toMatch(/^[A-Z].*\.$/);
  }
});

test("annotations: ours all carry our prefix, and Knative's do not", () => {
  expect(Object.values(rouseAnnotations).every(({ name }) => name.startsWith(rousePrefix))).toBe(true);
  expect(Object.values(knativeAnnotations).some(({ name }) => name.startsWith(rousePrefix))).toBe(false);
});

test("annotations: absent ones read as their defaults", () => {
  const [broker, trigger, ping] = [admitted(brokerDocument()), admitted(triggerDocument()), admitted(pingDocument())];
  const day = 86_400_000;
  const { logMaxAge, logMaxBytes, deadMaxAge, replicas, duplicateWindow, maxHops } = rouseAnnotations;
  const ofBroker = [logMaxAge, logMaxBytes, deadMaxAge, replicas, duplicateWindow, maxHops];
  expect(ofBroker.map((each) => readAnnotation(broker, each))).toEqual([7 * day, 2 ** 30, 14 * day, 1, 120_000, 255]);
  const { paused, breaker, holdMax, maxInFlight, missedTicks, missedTicksDeadline } = rouseAnnotations;
  expect([paused, breaker].map((each) => readAnnotation(trigger, each))).toEqual([false, true]);
  expect([holdMax, maxInFlight].map((each) => readAnnotation(trigger, each))).toEqual([3_600_000, 64]);
  expect([readAnnotation(ping, missedTicks), readAnnotation(ping, missedTicksDeadline)]).toEqual(["latest", 3_600_000]);
});

test("annotations: what is given is read", () => {
  const annotations = { "rouse.dev/log-max-bytes": "512Mi", "rouse.dev/log-max-age": "P1D" };
  const broker = admitted(brokerDocument({}, { annotations }));
  expect(readAnnotation(broker, rouseAnnotations.logMaxBytes)).toBe(2 ** 29);
  expect(readAnnotation(broker, rouseAnnotations.logMaxAge)).toBe(86_400_000);
  const trigger = admitted(
    triggerDocument({}, { annotations: { "rouse.dev/paused": "true", "rouse.dev/breaker": "off" } }),
  );
  expect([readAnnotation(trigger, rouseAnnotations.paused), readAnnotation(trigger, rouseAnnotations.breaker)]).toEqual(
    [true, false],
  );
});

test.each([
  ["log-max-age", "7d", 'expected an ISO 8601 duration such as PT0.2S, PT10M or P7D, got "7d"'],
  ["log-max-bytes", "1GB", 'expected a number of bytes such as 512Mi or 1Gi, at least 1048576, got "1GB"'],
  ["log-max-bytes", "1", 'expected a number of bytes such as 512Mi or 1Gi, at least 1048576, got "1"'],
  ["replicas", "6", 'expected a whole number from 1 to 5, got "6"'],
  ["max-hops", "0", 'expected a whole number from 1 to 255, got "0"'],
  ["duplicate-window", "PT0.01S", 'expected a duration of at least PT0.1S, got "PT0.01S"'],
  ["paused", "true", '"rouse.dev/paused" is for a Trigger, not for a Broker'],
  ["max-hop", "9", 'unknown annotation "rouse.dev/max-hop"'],
])("annotations: rouse.dev/%s: %j is refused on a Broker", (name, text, message) => {
  const annotations = { [`rouse.dev/${name}`]: text };
  expect(problemsOf(brokerDocument({}, { annotations }))).toEqual([
    `metadata.annotations[rouse.dev/${name}]: ${message}`,
  ]);
});

test("annotations: a value that YAML took for a boolean is told to be quoted", () => {
  const admission = admit(triggerDocument({}, { annotations: { "rouse.dev/paused": true } }), noChecks);
  expect(admission).toMatchObject({
    problems: [{ message: "expected a text, got boolean true", hint: 'put it in quotes: "true"' }],
  });
});

test("annotations: an unknown name of ours comes with the nearest one", () => {
  const admission = admit(brokerDocument({}, { annotations: { "rouse.dev/log-maxage": "P1D" } }), noChecks);
  expect(admission).toMatchObject({ problems: [{ hint: 'did you mean "rouse.dev/log-max-age"?' }] });
});

test("annotations: headers-from names a Secret, on triggers and sources", () => {
  const annotations = { "rouse.dev/headers-from": "token" };
  expect(problemsOf(triggerDocument({}, { annotations }))).toEqual([]);
  expect(problemsOf(pingDocument({}, { annotations }))).toEqual([]);
  expect(problemsOf(brokerDocument({}, { annotations }))).toEqual([
    'metadata.annotations[rouse.dev/headers-from]: "rouse.dev/headers-from" is for a Trigger or PingSource or KafkaSource or RabbitmqSource or HttpSource or NatsSource or ContainerSource or SinkBinding, not for a Broker',
  ]);
  expect(problemsOf(triggerDocument({}, { annotations: { "rouse.dev/headers-from": "A b" } }))).toEqual([
    expect.stringContaining(
      "expected a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters",
    ),
  ]);
});

test("annotations: names of others are free", () => {
  expect(problemsOf(brokerDocument({}, { annotations: { "example.com/owner": "me" } }))).toEqual([]);
});
