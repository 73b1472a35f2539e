import type { RunnableObject } from "@rouse/resources";
import { expect, test } from "vitest";
import { programOf, reachingUs } from "./program-of.ts";

function runnable(container: object | undefined, annotations: Record<string, string> = {}): RunnableObject {
  const spec = { template: { metadata: { annotations }, spec: { containers: container ? [container] : [] } } };
  const metadata = { name: "fn", namespace: "default" };
  return { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata, spec } as RunnableObject;
}

const plain = {
  kind: "container",
  image: "app",
  command: undefined,
  args: undefined,
  pull: "always",
  port: undefined,
  cpus: undefined,
  memoryBytes: undefined,
  network: undefined,
} as const;

test("program: an image is a container, with all that its document says", () => {
  expect(programOf(runnable({ image: "app" }), "/base")).toEqual(plain);
  const container = {
    image: "app:1",
    imagePullPolicy: "Never",
    command: ["/app"],
    args: ["-v"],
    ports: [{ containerPort: 3000 }],
    resources: { limits: { cpu: "125m", memory: "512Mi" } },
  };
  expect(programOf(runnable(container, { "rouse.dev/container-network": "bridge" }), "/base")).toEqual({
    kind: "container",
    image: "app:1",
    command: ["/app"],
    args: ["-v"],
    pull: "never",
    port: 3000,
    cpus: 0.125,
    memoryBytes: 2 ** 29,
    network: "bridge",
  });
});

test("program: a command is a local process instead of the image", () => {
  const annotations = { "rouse.dev/command": "node server.js", "rouse.dev/workdir": "fn" };
  const process = { kind: "process", command: ["node", "server.js"], workdir: "/base/fn" };
  expect(programOf(runnable({ image: "app" }, annotations), "/base")).toEqual(process);
  expect(programOf(runnable(undefined), "/base")).toBeUndefined();
});

const env = { K_SINK: "http://127.0.0.1:8080/shop/main", A: "1" };

test.each([
  [undefined, "linux", "host", env.K_SINK],
  [undefined, "darwin", undefined, "http://host.docker.internal:8080/shop/main"],
  ["auto", "linux", "host", env.K_SINK],
  ["host", "darwin", "host", env.K_SINK],
  ["auto", "darwin", "auto", "http://host.docker.internal:8080/shop/main"],
  ["bridge", "linux", "bridge", "http://host.docker.internal:8080/shop/main"],
] as const)("program: a container with network %s on %s reaches us over %s at %s", (network, platform, used, sink) => {
  const reached = reachingUs({ program: { ...plain, network }, env }, platform);
  expect(reached).toEqual({ program: { ...plain, network: used }, env: { K_SINK: sink, A: "1" } });
});

test("program: what is no container, has no sink, or has one elsewhere, is left as it is", () => {
  const process = { kind: "process", command: ["a"], workdir: "/" } as const;
  expect(reachingUs({ program: process, env }, "linux")).toEqual({ program: process, env });
  expect(reachingUs({ program: plain, env: {} }, "linux")).toEqual({ program: plain, env: {} });
  const elsewhere = { K_SINK: "https://broker.example.com/shop/main" };
  expect(reachingUs({ program: { ...plain, network: "bridge" }, env: elsewhere }, "linux").env).toEqual(elsewhere);
});
