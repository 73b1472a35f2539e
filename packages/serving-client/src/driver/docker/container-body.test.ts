import { expect, test } from "vitest";
import { type ContainerPlan, containerBody, containerName } from "./container-body.ts";
import { containerOf, orderOf } from "./containers.testing.ts";

const owner = { installation: "rouse", owner: "a", process: "m/b/1/2/3" };

function bodyOf(fields: Partial<ContainerPlan> = {}, workload: Parameters<typeof orderOf>[0] = {}) {
  const { program } = containerOf("hello:1");
  const order = orderOf({ env: { GREETING: "hi" }, ...workload });
  return containerBody({ order, program, network: { kind: "host" }, port: 20_001, owner, init: true, ...fields });
}

test("container body: what is not declared is left to the image and to the engine", () => {
  const body = bodyOf();
  expect(Object.keys(body).sort()).toEqual(["Env", "HostConfig", "Image", "Labels"]);
  for (const name of ["NanoCpus", "Memory", "MemorySwap", "PortBindings"])
    expect(Object.keys(body.HostConfig)).not.toContain(name);
});

test("container body: nothing of the machine is given, no privileges are gained, and what passes on the network is not read", () => {
  for (const network of [{ kind: "host" }, { kind: "address" }, { kind: "published" }] as const) {
    const { HostConfig } = bodyOf({ network });
    expect(HostConfig).toMatchObject({ SecurityOpt: ["no-new-privileges"], CapDrop: ["NET_RAW"], PidsLimit: 4_096 });
    for (const name of ["Privileged", "CapAdd", "Binds", "Mounts", "Devices", "PidMode", "IpcMode", "UTSMode"])
      expect(Object.keys(HostConfig)).not.toContain(name);
  }
});

test("container body: command and arguments take the places of entry point and command", () => {
  const { program } = containerOf("hello:1", ["/bin/sh", "-c"], { args: ["true"] });
  expect(bodyOf({ program })).toMatchObject({ Entrypoint: ["/bin/sh", "-c"], Cmd: ["true"] });
});

test("container body: what serves is given PORT and Knative's names, what serves nobody is not", () => {
  expect(bodyOf().Env).toEqual([
    "HOST=127.0.0.1",
    "GREETING=hi",
    "PORT=20001",
    "K_SERVICE=hello",
    "K_REVISION=hello-00001",
    "K_CONFIGURATION=hello",
  ]);
  const { workload, ...order } = orderOf({ env: { GREETING: "hi" } });
  const alone = { ...order, workload: { program: workload.program, env: workload.env, graceMs: 1 } };
  expect(bodyOf({ order: alone, port: 0 }).Env).toEqual(["GREETING=hi"]);
});

test("container body: where others reach it past us it is asked to listen on loopback, unless it is told otherwise", () => {
  expect(bodyOf({ network: { kind: "address" } }).Env).not.toContain("HOST=127.0.0.1");
  const told = bodyOf({ order: orderOf({ env: { HOST: "0.0.0.0" } }) }).Env;
  expect(told.filter((each) => each.startsWith("HOST="))).toEqual(["HOST=0.0.0.0"]);
});

test("container body: a published port is published on loopback only, at a port of the engine's choice", () => {
  const body = bodyOf({ network: { kind: "published" }, port: 8080 });
  expect(body.ExposedPorts).toEqual({ "8080/tcp": {} });
  expect(body.HostConfig.PortBindings).toEqual({ "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] });
  expect(bodyOf({ network: { kind: "address" }, port: 8080 }).ExposedPorts).toBeUndefined();
});

test("container body: limits are written in the engine's units, memory without swap", () => {
  const { program } = containerOf("hello:1", undefined, { cpus: 0.125, memoryBytes: 67_108_864 });
  expect(bodyOf({ program }).HostConfig).toMatchObject({
    NanoCpus: 125_000_000,
    Memory: 67_108_864,
    MemorySwap: 67_108_864,
  });
});

test("container name: says whose instance it is, in characters that engines take", () => {
  expect(containerName(orderOf({}), "abc")).toBe("rouse_default_hello-1_abc");
  expect(containerName({ ...orderOf({}), key: "a b/c" }, "abc")).toBe("rouse_a-b_hello-1_abc");
});
