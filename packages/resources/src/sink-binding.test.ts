import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { noChecks } from "./checks.ts";
import { admitted, problemsOf, serviceDocument, sinkBindingDocument } from "./samples.testing.ts";
import type { ServiceObject } from "./service.ts";
import { isBound, type SinkBindingObject } from "./sink-binding.ts";

const labelled = (labels: object) => ({ name: undefined, selector: { matchLabels: labels } });

test("sink binding: the subject is in the binding's namespace", () => {
  expect(admitted<SinkBindingObject>(sinkBindingDocument()).spec.subject.namespace).toBe("default");
});

test.each([
  [{ kind: "Deployment", apiVersion: "apps/v1" }, 'spec.subject.kind: expected "Service", got "Deployment"'],
  [{ kind: "ContainerSource" }, 'spec.subject.kind: expected "Service", got "ContainerSource"'],
  [{ apiVersion: "v1" }, 'spec.subject.apiVersion: expected "serving.knative.dev/v1", got "v1"'],
  [{ namespace: "shop" }, 'spec.subject.namespace: expected "default", as of the binding, got "shop"'],
  [{ name: undefined }, "spec.subject.name: required value: expected a name, or a selector"],
  [
    { name: "A" },
    'spec.subject.name: expected a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters, got "A"',
  ],
  [{ selector: { matchLabels: { a: "b" } } }, "spec.subject.selector: name and selector exclude each other"],
  [labelled({}), "spec.subject.selector.matchLabels: required value: expected at least one label"],
  [
    { name: undefined, selector: { matchLabels: { a: "b" }, matchExpressions: [] } },
    'spec.subject.selector.matchExpressions: field "matchExpressions" is not supported yet',
  ],
  [{ kind: undefined }, "spec.subject.kind: required value: expected a text"],
])("sink binding: subject %j is refused", (subject, message) => {
  expect(problemsOf(sinkBindingDocument(subject))).toEqual([message]);
});

test("sink binding: subjects that are refused come with the way out", () => {
  const hint = (kind: string) => {
    const admission = admit(sinkBindingDocument({ kind }), noChecks);
    return admission.kind === "refused" ? admission.problems[0]!.hint : undefined;
  };
  expect(hint("Job")).toBe(
    "run it as a Service (serving.knative.dev/v1), or set K_SINK yourself: the URL is in status.sinkUri",
  );
  expect(hint("ContainerSource")).toBe("a ContainerSource has a sink of its own: spec.sink");
});

test("sink binding: the subject cannot be changed, the sink can", () => {
  const old = admitted<SinkBindingObject>(sinkBindingDocument());
  expect(problemsOf(sinkBindingDocument({ name: "other" }), { old })).toEqual([
    expect.stringContaining("spec.subject: field is immutable"),
  ]);
  expect(problemsOf(sinkBindingDocument({}, { sink: { uri: "http://b/" } }), { old })).toEqual([]);
});

test("sink binding: binds a Service by name, or all that have the labels", () => {
  const service = (labels: Record<string, string>, namespace = "default") =>
    admitted<ServiceObject>({ ...serviceDocument(), metadata: { name: "fn", namespace, labels } });
  const byName = admitted<SinkBindingObject>(sinkBindingDocument());
  const byLabel = admitted<SinkBindingObject>(sinkBindingDocument(labelled({ app: "a", tier: "b" })));
  expect([isBound(byName, service({})), isBound(byName, service({}, "shop"))]).toEqual([true, false]);
  const labels: Record<string, string>[] = [
    {},
    { app: "a" },
    { app: "a", tier: "b", more: "c" },
    { app: "b", tier: "b" },
  ];
  expect(labels.map((each) => isBound(byLabel, service(each)))).toEqual([false, false, true, false]);
  expect(isBound(byName, { ...service({}), kind: "Trigger" })).toBe(false);
});
