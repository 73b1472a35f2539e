import { expect, test } from "vitest";
import { withWorkdir } from "./workdir.ts";

const command = { "rouse.dev/command": "node a.js" };
const service = (annotations: object, template?: object) => ({
  kind: "Service",
  metadata: { name: "a", annotations },
  spec: template ? { template: { metadata: { annotations: template } } } : {},
});

test("workdir: defaults to the manifest's folder", () => {
  expect(withWorkdir(service(command), "/m")).toEqual(service({ ...command, "rouse.dev/workdir": "/m" }));
});

test.each([
  ["src", "/m/src"],
  ["../src", "/src"],
  ["/abs", "/abs"],
])("workdir: %s becomes %s", (given, expected) => {
  const changed = withWorkdir(service({ ...command, "rouse.dev/workdir": given }), "/m");
  expect(changed).toEqual(service({ ...command, "rouse.dev/workdir": expected }));
});

test("workdir: the template's wins, where it stands", () => {
  const changed = withWorkdir(service(command, { "rouse.dev/workdir": "x" }), "/m");
  expect(changed).toEqual(service(command, { "rouse.dev/workdir": "/m/x" }));
});

test.each([
  [service({})],
  [{ kind: "Broker", metadata: { annotations: command } }],
  [null],
  ["text"],
  [{ kind: "Service", spec: 1 }],
])("workdir: %j comes back as it is", (document) => {
  expect(withWorkdir(document, "/m")).toBe(document);
});
