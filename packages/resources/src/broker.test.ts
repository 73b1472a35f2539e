import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import type { BrokerObject } from "./broker.ts";
import { noChecks } from "./checks.ts";
import { effectiveDelivery } from "./effective-delivery.ts";
import { admitted, brokerDocument, problemsOf, triggerDocument } from "./samples.testing.ts";
import type { TriggerObject } from "./trigger.ts";

const brokerClass = "eventing.knative.dev/broker.class";

test("broker: defaults are Knative's delivery and a class, even when the document has no spec", () => {
  const broker = admitted<BrokerObject>({
    apiVersion: "eventing.knative.dev/v1",
    kind: "Broker",
    metadata: { name: "default" },
  });
  expect(broker.spec).toEqual({ delivery: { retry: 10, backoffPolicy: "exponential", backoffDelay: "PT0.2S" } });
  expect(broker.metadata).toEqual({ name: "default", namespace: "default", annotations: { [brokerClass]: "Rouse" } });
});

test("broker: a delivery that is given is left as it is", () => {
  expect(admitted<BrokerObject>(brokerDocument({ delivery: { retry: 0 } })).spec.delivery).toEqual({ retry: 0 });
});

test("broker: class and config of another implementation are admitted with warnings, and immutable", () => {
  const foreign = brokerDocument(
    { config: { kind: "ConfigMap", name: "x" } },
    { annotations: { [brokerClass]: "Kafka" } },
  );
  expect(admit(foreign, noChecks).warnings).toEqual([
    `metadata.annotations[${brokerClass}]: "Kafka" has no effect here; every broker is kept in the same way`,
    "spec.config: has no effect here",
  ]);
  expect(problemsOf(brokerDocument(), { old: admitted(foreign) })).toEqual([
    `metadata.annotations[${brokerClass}]: field is immutable: cannot change "Kafka" to "Rouse"`,
    `spec.config: field is immutable: cannot change {"kind":"ConfigMap","name":"x"} to nothing`,
  ]);
  const sorted = brokerDocument(
    { config: { name: "x", kind: "ConfigMap" } },
    { annotations: { [brokerClass]: "Kafka" } },
  );
  expect(problemsOf(sorted, { old: admitted(foreign) })).toEqual([]);
});

test("effective delivery: is the default when nothing is given", () => {
  expect(effectiveDelivery()).toEqual({
    retry: 10,
    backoffPolicy: "exponential",
    backoffDelayMs: 200,
    backoffCapMs: 300_000,
    timeoutMs: 600_000,
    retryAfterMaxMs: 300_000,
    format: undefined,
    deadLetterSink: undefined,
  });
});

test("effective delivery: takes each field from the trigger, else from the broker, else from the default", () => {
  const deadLetterSink = { uri: "http://dead/" };
  const shared = { retry: 5, backoffPolicy: "linear", timeout: "PT30S", deadLetterSink };
  const trigger = admitted<TriggerObject>(
    triggerDocument({ delivery: { retry: 3, retryAfterMax: "PT0S", format: "json" } }),
  );
  expect(effectiveDelivery(trigger, admitted<BrokerObject>(brokerDocument({ delivery: shared })))).toEqual({
    retry: 3,
    backoffPolicy: "linear",
    backoffDelayMs: 200,
    backoffCapMs: 300_000,
    timeoutMs: 30_000,
    retryAfterMaxMs: 0,
    format: "json",
    deadLetterSink,
  });
});

test("effective delivery: a delay longer than the cap raises the cap", () => {
  const trigger = admitted<TriggerObject>(triggerDocument({ delivery: { backoffDelay: "PT10M" } }));
  expect(effectiveDelivery(trigger)).toMatchObject({ backoffCapMs: 600_000, retryAfterMaxMs: 600_000 });
});

test("effective delivery: an object that bypassed admission is a fault", () => {
  const trigger = { ...admitted<TriggerObject>(triggerDocument()) };
  const broken = { ...trigger, spec: { ...trigger.spec, delivery: { timeout: "soon" } } };
  expect(() => effectiveDelivery(broken)).toThrow(`spec.delivery.timeout: expected an ISO 8601 duration`);
});
