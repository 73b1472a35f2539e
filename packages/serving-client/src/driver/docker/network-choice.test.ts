import { expect, test } from "vitest";
import type { ContainerNetwork } from "../driver.ts";
import type { AvailableEngine } from "./engine-state.ts";
import { chooseNetwork } from "./network-choice.ts";

const bridge = { name: "bridge", driver: "bridge", subnets: ["172.17.0.0/16"] };
const engineOf = (fields: Partial<AvailableEngine> = {}): AvailableEngine => ({
  kind: "available",
  name: "docker",
  version: "20.10.24",
  api: "1.41",
  os: "linux",
  arch: "amd64",
  endpoint: "/var/run/docker.sock",
  local: true,
  emulates: false,
  networks: [bridge],
  ...fields,
});
const ours = ["127.0.0.1", "::1", "172.17.0.1"];
const chosen = (asked: ContainerNetwork, serves: boolean, engine: AvailableEngine, addresses = ours) =>
  chooseNetwork(asked, serves, engine, addresses).kind;

test("network choice: a container on a bridge that is an interface of ours is reached by its address", () => {
  expect(chosen("auto", true, engineOf())).toBe("address");
  expect(chosen("bridge", true, engineOf())).toBe("address");
  expect(chosen("auto", true, engineOf({ networks: [{ ...bridge, name: "podman" }] }))).toBe("address");
});

test("network choice: a container on a bridge that is none of ours is reached by a published port", () => {
  expect(chosen("auto", true, engineOf(), ["127.0.0.1", "10.0.0.5"])).toBe("published");
  expect(chosen("auto", true, engineOf({ local: false }))).toBe("published");
  expect(chosen("auto", true, engineOf({ networks: [{ ...bridge, subnets: ["fd00::/64"] }] }))).toBe("published");
});

test("network choice: an engine of this machine without a bridge puts containers on the host network", () => {
  expect(chosen("auto", true, engineOf({ networks: [] }))).toBe("host");
  expect(chosen("auto", true, engineOf({ networks: [{ ...bridge, name: "somebodys" }] }))).toBe("host");
});

test("network choice: what serves nobody is on the host network, where it reaches our loopback", () => {
  expect(chosen("auto", false, engineOf())).toBe("host");
  expect(chosen("auto", false, engineOf({ local: false }))).toBe("published");
});

test("network choice: a network that cannot be had is refused with what is missing", () => {
  expect(chooseNetwork("host", true, engineOf({ local: false }), ours)).toEqual({
    kind: "refused",
    message: "the host network of the engine at /var/run/docker.sock is not this machine's",
  });
  expect(chooseNetwork("bridge", true, engineOf({ networks: [] }), ours)).toMatchObject({ kind: "refused" });
  expect(chooseNetwork("auto", true, engineOf({ networks: [], local: false }), ours)).toMatchObject({
    kind: "refused",
  });
});
