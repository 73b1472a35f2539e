import { expect, test } from "vitest";
import { type EngineAnswers, engineState } from "./engine-state.ts";

const answers: EngineAnswers = {
  version: { Version: "20.10.24", ApiVersion: "1.41", Os: "linux", Arch: "amd64", Components: [{ Name: "Engine" }] },
  info: { OperatingSystem: "Debian GNU/Linux 12", SecurityOptions: ["name=seccomp,profile=default"] },
  networks: [
    { Name: "none", Driver: "null" },
    { Name: "host", Driver: "host" },
    { Name: "bridge", Driver: "bridge", IPAM: { Config: [{ Subnet: "172.17.0.0/16" }] } },
  ],
};
const reach = { endpoint: "/sock", socket: true, platform: "linux", emulation: false } as const;

test("engine state: what the engine says of itself and its networks is kept", () => {
  expect(engineState(answers, reach)).toEqual({
    kind: "available",
    name: "docker",
    version: "20.10.24",
    api: "1.41",
    os: "linux",
    arch: "amd64",
    endpoint: "/sock",
    local: true,
    emulates: false,
    networks: [{ name: "bridge", driver: "bridge", subnets: ["172.17.0.0/16"] }],
  });
  const podman = { ...answers.version, Components: [{ Name: "Podman Engine" }] };
  expect(engineState({ ...answers, version: podman }, reach).name).toBe("podman");
});

test("engine state: an engine in a virtual machine, of a user, or behind an address does not share our network", () => {
  const local = (info: EngineAnswers["info"], over = {}) =>
    engineState({ ...answers, info }, { ...reach, ...over }).local;
  expect(local({ OperatingSystem: "Docker Desktop" })).toBe(false);
  expect(local({ SecurityOptions: ["name=rootless"] })).toBe(false);
  expect(local({ Rootless: true, SecurityOptions: null })).toBe(false);
  expect(local({}, { socket: false })).toBe(false);
  expect(local({}, { platform: "darwin" })).toBe(false);
  expect(local({})).toBe(true);
});
