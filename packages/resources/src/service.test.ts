import { expect, test } from "vitest";
import { knativeAnnotations, rouseAnnotations } from "./annotations.ts";
import { readAnnotation } from "./object-annotations.ts";
import { admitted, problemsOf, serviceDocument } from "./samples.testing.ts";
import { hasCommand, needsContainer, type ServiceObject } from "./service.ts";

const head = { apiVersion: "serving.knative.dev/v1", kind: "Service" };
const command = { name: "fn", annotations: { "rouse.dev/command": "node 'my server.js'" } };
const c = "spec.template.spec.containers[0]";

test("service: a command annotation is enough, and defaults are filled in", () => {
  const service = admitted<ServiceObject>({ ...head, metadata: command });
  expect(service.spec).toEqual({ template: { spec: { containerConcurrency: 0, timeoutSeconds: 300 } } });
  expect([hasCommand(service), needsContainer(service)]).toEqual([true, false]);
  expect(readAnnotation(service, rouseAnnotations.command)).toEqual(["node", "my server.js"]);
  expect(readAnnotation(service, rouseAnnotations.idleTimeout)).toBe(60_000);
  expect(readAnnotation(service, rouseAnnotations.workdir)).toBeUndefined();
});

test("service: an image alone is admitted, and needs a container", () => {
  const service = admitted<ServiceObject>(serviceDocument());
  expect([hasCommand(service), needsContainer(service)]).toEqual([false, true]);
});

test("service: neither image nor command is refused", () => {
  const message = `${c}.image: required value: expected an image, or the annotation rouse.dev/command`;
  expect(problemsOf({ ...head, metadata: { name: "fn" } })).toEqual([message]);
  expect(problemsOf(serviceDocument({ image: undefined }))).toEqual([message]);
});

test("service: the template's annotation wins over the object's", () => {
  const document = serviceDocument({}, {}, { "rouse.dev/idle-timeout": "PT5S" });
  const service = admitted<ServiceObject>({
    ...document,
    metadata: { name: "fn", annotations: { "rouse.dev/idle-timeout": "PT9S" } },
  });
  expect(readAnnotation(service, rouseAnnotations.idleTimeout)).toBe(5_000);
});

test.each([
  [{ env: [{ name: "A", value: 1 }] }, {}, {}, `${c}.env[0].value: expected a text, got number 1`],
  [{ env: [{ name: "A" }, { name: "A" }] }, {}, {}, `${c}.env[1].name: expected each variable once, got "A"`],
  [{ env: [{ name: "PORT", value: "1" }] }, {}, {}, `${c}.env[0].name: "PORT" is set by the server`],
  [
    { env: [{ name: "A", valueFrom: {} }] },
    {},
    {},
    `${c}.env[0].valueFrom.secretKeyRef: required value: expected a mapping`,
  ],
  [
    { env: [{ name: "A", value: "x", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] },
    {},
    {},
    `${c}.env[0].valueFrom: value and valueFrom exclude each other`,
  ],
  [
    { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "a/b" } } }] },
    {},
    {},
    `${c}.env[0].valueFrom.secretKeyRef.key: expected a key of letters, digits, hyphens, dots and underscores, at most 253 characters, got "a/b"`,
  ],
  [{ readinessProbe: {} }, {}, {}, `${c}.readinessProbe: field "readinessProbe" is not supported yet`],
  [{ ports: [{ containerPort: 0 }] }, {}, {}, `${c}.ports[0].containerPort: expected at least 1, got 0`],
  [{}, { containerConcurrency: 1001 }, {}, "spec.template.spec.containerConcurrency: expected at most 1000, got 1001"],
  [{}, { timeoutSeconds: 601 }, {}, "spec.template.spec.timeoutSeconds: expected at most 600, got 601"],
  [
    {},
    { containers: [{ image: "a" }, { image: "b" }] },
    {},
    `spec.template.spec.containers: expected at most one container, got [{"image":"a"},{"image":"b"}]`,
  ],
  [
    {},
    {},
    { "rouse.dev/command": "a | b" },
    `spec.template.metadata.annotations[rouse.dev/command]: expected a program and its arguments, run without a shell, got "a | b"`,
  ],
  [
    {},
    {},
    { "autoscaling.knative.dev/max-scale": "-1" },
    `spec.template.metadata.annotations[autoscaling.knative.dev/max-scale]: expected a whole number from 0 to 1000, got "-1"`,
  ],
  [
    {},
    {},
    { "autoscaling.knative.dev/min-scale": "3", "autoscaling.knative.dev/max-scale": "2" },
    "spec.template.metadata.annotations[autoscaling.knative.dev/min-scale]: expected at most max-scale, 2, got 3",
  ],
])("service: container %j, spec %j, annotations %j is refused", (container, inner, annotations, message) => {
  expect(problemsOf(serviceDocument(container, inner, annotations))).toEqual([message]);
});

test("service: scaling belongs into the template, as in a cluster", () => {
  const { minScale } = knativeAnnotations;
  const metadata = { ...command, annotations: { ...command.annotations, [minScale.name]: "1" } };
  expect(problemsOf({ ...head, metadata })).toEqual([
    `metadata.annotations[${minScale.name}]: "${minScale.name}" has no effect here`,
  ]);
});
