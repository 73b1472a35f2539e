import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { knativeAnnotations, rouseAnnotations } from "./annotations.ts";
import { noChecks } from "./checks.ts";
import { readAnnotation } from "./object-annotations.ts";
import { hasCommand } from "./runnable.ts";
import { admitted, problemsOf, serviceDocument, warningsOf } from "./samples.testing.ts";
import type { ServiceObject } from "./service.ts";
import { isPublic } from "./visibility.ts";

const head = { apiVersion: "serving.knative.dev/v1", kind: "Service" };
const command = { name: "fn", annotations: { "rouse.dev/command": "node 'my server.js'" } };
const c = "spec.template.spec.containers[0]";

test("service: a command annotation is enough, and defaults are filled in", () => {
  const service = admitted<ServiceObject>({ ...head, metadata: command });
  expect(service.spec).toEqual({ template: { spec: { containerConcurrency: 0, timeoutSeconds: 300 } } });
  expect(hasCommand(service)).toBe(true);
  expect(readAnnotation(service, rouseAnnotations.command)).toEqual(["node", "my server.js"]);
  expect(readAnnotation(service, rouseAnnotations.idleTimeout)).toBe(60_000);
  expect(readAnnotation(service, rouseAnnotations.workdir)).toBeUndefined();
});

test("service: an image alone is admitted, and everything that a container can have", () => {
  const container = {
    image: "registry.example.com:5000/team/app:1.2",
    imagePullPolicy: "Never",
    command: ["/bin/app"],
    args: ["--fast"],
    env: [{ name: "A", value: "1" }],
    ports: [{ containerPort: 3000, name: "http1" }],
    resources: { limits: { cpu: 0.5, memory: "512Mi" } },
    readinessProbe: { httpGet: { path: "/healthz", port: "http1" } },
  };
  const service = admitted<ServiceObject>(serviceDocument(container));
  expect(hasCommand(service)).toBe(false);
  expect(service.spec.template.spec.containers).toEqual([container]);
  expect(warningsOf(serviceDocument(container))).toEqual([]);
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
  [{ livenessProbe: {} }, {}, {}, `${c}.livenessProbe: field "livenessProbe" is not supported yet`],
  [{ securityContext: {} }, {}, {}, `${c}.securityContext: field "securityContext" is not supported yet`],
  [{ workingDir: "/srv" }, {}, {}, `${c}.workingDir: field "workingDir" is not supported yet`],
  [
    { readinessProbe: { exec: { command: ["true"] } } },
    {},
    {},
    `${c}.readinessProbe.exec: field "exec" is not supported yet`,
  ],
  [
    { readinessProbe: { httpGet: { port: 9000 } }, ports: [{ containerPort: 3000 }] },
    {},
    {},
    `${c}.readinessProbe.httpGet.port: expected the port of the container, 3000, got 9000`,
  ],
  [
    { readinessProbe: { httpGet: { path: "healthz" } } },
    {},
    {},
    `${c}.readinessProbe.httpGet.path: expected a path that begins with /, got "healthz"`,
  ],
  [
    { readinessProbe: { httpGet: {}, tcpSocket: {} } },
    {},
    {},
    `${c}.readinessProbe.tcpSocket: httpGet and tcpSocket exclude each other`,
  ],
  [
    { image: "My App" },
    {},
    {},
    `${c}.image: expected the name of an image, such as registry.example.com/team/app:1.2, got "My App"`,
  ],
  [
    { imagePullPolicy: "always" },
    {},
    {},
    `${c}.imagePullPolicy: expected one of Always, IfNotPresent, Never, got "always"`,
  ],
  [
    { ports: [{ containerPort: 1 }, { containerPort: 2 }] },
    {},
    {},
    `${c}.ports: expected at most one port, got [{"containerPort":1},{"containerPort":2}]`,
  ],
  [
    { resources: { limits: { memory: 1 } } },
    {},
    {},
    `${c}.resources.limits.memory: expected a number of bytes such as 512Mi or 1G, at least 6Mi, got 1`,
  ],
  [
    { resources: { limits: { cpu: "0" } } },
    {},
    {},
    `${c}.resources.limits.cpu: expected a number of CPUs such as 500m or 0.5, at least 10m, got "0"`,
  ],
  [{ resources: { limits: { gpu: 1 } } }, {}, {}, `${c}.resources.limits.gpu: unknown field "gpu"`],
  [
    { resources: { limits: { cpu: "100m" }, requests: { cpu: "0.2" } } },
    {},
    {},
    `${c}.resources.requests.cpu: expected at most the limit, 100m, got "0.2"`,
  ],
  [
    {},
    {},
    { "autoscaling.knative.dev/minScale": "3", "autoscaling.knative.dev/maxScale": "2" },
    "spec.template.metadata.annotations[autoscaling.knative.dev/min-scale]: expected at most max-scale, 2, got 3",
  ],
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

test.each([
  ["imagePullPolicy", { imagePullPolicy: "ifnotpresent" }, 'did you mean "IfNotPresent"?'],
  ["image", { image: "Example.com/My/App" }, "names of images have no capitals: Example.com/my/app"],
  ["memory", { resources: { limits: { memory: "512MB" } } }, "write 512M"],
  ["memory", { resources: { limits: { memory: "512m" } } }, '"m" is a thousandth; write 512Mi'],
  ["cpu", { resources: { limits: { cpu: 0 } } }, "leave it out for no limit"],
  ["gpu", { resources: { limits: { memoy: 0 } } }, 'did you mean "memory"?'],
])("service: what is wrong with the %s comes with the way out: %j", (_, container, hint) => {
  expect(admit(serviceDocument(container), noChecks)).toMatchObject({ problems: [{ hint }] });
});

test.each([
  [
    { resources: { requests: { cpu: "100m" } } },
    {},
    `${c}.resources.requests: nothing is reserved; an instance gets what is free, up to its limits`,
  ],
  [
    { readinessProbe: { httpGet: {}, periodSeconds: 1, failureThreshold: 3 } },
    {},
    `${c}.readinessProbe: periodSeconds, failureThreshold: no effect; an instance is asked every few milliseconds until it is ready`,
  ],
  [
    {},
    { "rouse.dev/freeze-after": "PT2M" },
    "rouse.dev/freeze-after: no effect: an instance is stopped before, after PT1M (rouse.dev/idle-timeout)",
  ],
])("service: container %j, annotations %j is admitted with a warning", (container, annotations, warning) => {
  expect(warningsOf(serviceDocument(container, {}, annotations))).toEqual([warning]);
});

test("service: what only a container has is not told of a local process", () => {
  const annotations = { "rouse.dev/command": "node server.js" };
  expect(warningsOf(serviceDocument({ resources: { requests: { cpu: 1 } } }, {}, annotations))).toEqual([]);
});

test("service: is private unless its annotation says public and no label of Knative's says the contrary", () => {
  const given = (annotations: object, labels: object) => ({
    ...serviceDocument(),
    metadata: { name: "fn", annotations, labels },
  });
  const label = { "networking.knative.dev/visibility": "cluster-local" };
  const open = { "rouse.dev/visibility": "public" };
  expect([given({}, {}), given(open, {}), given(open, label)].map((each) => isPublic(admitted(each)))).toEqual([
    false,
    true,
    false,
  ]);
  expect(warningsOf(given(open, label))).toEqual([expect.stringContaining("says cluster-local")]);
  expect(warningsOf(given({}, { "networking.knative.dev/visibility": "local" }))).toEqual([
    'metadata.labels[networking.knative.dev/visibility]: expected cluster-local, and has no effect with "local"',
  ]);
});

test("service: a template's name is a label that begins with the Service's", () => {
  const named = (name: string) => serviceProblems({ template: { metadata: { name }, spec: {} } });
  expect([named("fn-1"), named("fn-b-00001")]).toEqual([[], []]);
  for (const name of ["other-00001", "fn", "fn-", "fn-A", "fn-a/../b", "fn-x#y", "fn-ŭ", `fn-${"a".repeat(61)}`]) {
    expect(named(name)).toEqual([expect.stringContaining("spec.template.metadata.name: expected a DNS label of at")]);
  }
});

function serviceProblems(spec: object): readonly string[] {
  return problemsOf({ ...head, metadata: command, spec });
}
