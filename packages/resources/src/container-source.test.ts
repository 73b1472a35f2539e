import { expect, test } from "vitest";
import { rouseAnnotations } from "./annotations.ts";
import type { ContainerSourceObject } from "./container-source.ts";
import { readAnnotation } from "./object-annotations.ts";
import { hasCommand } from "./runnable.ts";
import { admitted, containerSourceDocument, documentOf, problemsOf, warningsOf } from "./samples.testing.ts";

const c = "spec.template.spec.containers[0]";
const sink = { uri: "http://localhost:3000/" };
const head = ["sources.knative.dev/v1", "ContainerSource"] as const;

test("container source: a command annotation is enough, on the object or on the template", () => {
  const annotations = { "rouse.dev/command": "node heartbeat.js", "rouse.dev/workdir": "/srv" };
  const own = admitted<ContainerSourceObject>(documentOf(...head, { sink }, { annotations }));
  expect(own.spec).toEqual({ template: { spec: {} }, sink });
  const inner = admitted<ContainerSourceObject>(documentOf(...head, { template: { metadata: { annotations } }, sink }));
  for (const source of [own, inner]) {
    expect(hasCommand(source)).toBe(true);
    expect(readAnnotation(source, rouseAnnotations.command)).toEqual(["node", "heartbeat.js"]);
    expect(readAnnotation(source, rouseAnnotations.workdir)).toBe("/srv");
  }
});

test("container source: an image alone is admitted, with limits and a pull policy", () => {
  const container = { imagePullPolicy: "IfNotPresent", resources: { limits: { cpu: "125m", memory: "1G" } } };
  const source = admitted<ContainerSourceObject>(containerSourceDocument(container));
  expect(hasCommand(source)).toBe(false);
  expect(source.spec.template.spec.containers).toEqual([{ image: "example.com/src", ...container }]);
});

test("container source: a bridge is told where the sink is from there", () => {
  const template = {
    metadata: { annotations: { "rouse.dev/container-network": "bridge" } },
    spec: { containers: [{ image: "example.com/src" }] },
  };
  expect(warningsOf(containerSourceDocument({}, { template }))).toEqual([
    "rouse.dev/container-network: from a bridge K_SINK is at host.docker.internal, where the server has to listen for it",
  ]);
});

test.each([
  [{ image: undefined }, {}, `${c}.image: required value: expected an image, or the annotation rouse.dev/command`],
  [{}, { template: undefined }, `${c}.image: required value: expected an image, or the annotation rouse.dev/command`],
  [
    {},
    { template: { spec: { containers: [{ image: "a" }, { image: "b" }] } } },
    'spec.template.spec.containers: expected at most one container, got [{"image":"a"},{"image":"b"}]',
  ],
  [{ env: [{ name: "K_SINK", value: "x" }] }, {}, `${c}.env[0].name: "K_SINK" is set by the server`],
  [{ env: [{ name: "1A", value: "x" }] }, {}, `${c}.env[0].name: expected the name of a variable, got "1A"`],
  [{ env: [{ name: "A" }, { name: "A" }] }, {}, `${c}.env[1].name: expected each variable once, got "A"`],
  [
    { env: [{ name: "A", valueFrom: { configMapKeyRef: {}, secretKeyRef: { name: "a", key: "b" } } }] },
    {},
    `${c}.env[0].valueFrom.configMapKeyRef: field "configMapKeyRef" is not supported yet`,
  ],
  [{ envFrom: [] }, {}, `${c}.envFrom: field "envFrom" is not supported yet`],
  [{ ports: [] }, {}, `${c}.ports: field "ports" is not supported yet`],
  [{ volumeMounts: [] }, {}, `${c}.volumeMounts: field "volumeMounts" is not supported yet`],
  [{ comand: [] }, {}, `${c}.comand: unknown field "comand"`],
  [{}, { sink: undefined }, "spec.sink: required value: expected a mapping"],
  [{}, { template: { spec: { volumes: [] } } }, 'spec.template.spec.volumes: field "volumes" is not supported yet'],
  [
    {},
    {
      template: {
        metadata: { annotations: { "rouse.dev/idle-timeout": "PT5S" } },
        spec: { containers: [{ image: "a" }] },
      },
    },
    'spec.template.metadata.annotations[rouse.dev/idle-timeout]: "rouse.dev/idle-timeout" is for a Service, not for a ContainerSource',
  ],
  [
    {},
    {
      template: {
        metadata: { annotations: { "rouse.dev/headers-from": "a" } },
        spec: { containers: [{ image: "a" }] },
      },
    },
    'spec.template.metadata.annotations[rouse.dev/headers-from]: "rouse.dev/headers-from" has no effect here',
  ],
])("container source: container %j, spec %j is refused", (container, spec, message) => {
  expect(problemsOf(containerSourceDocument(container, spec))).toEqual([message]);
});
