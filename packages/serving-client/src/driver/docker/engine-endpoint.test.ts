import { expect, test } from "vitest";
import { engineEndpoints } from "./engine-endpoint.ts";

test("engine endpoint: a socket that is asked for is the only place, else DOCKER_HOST is", () => {
  expect(engineEndpoints("/my/sock", { DOCKER_HOST: "unix:///other" })).toEqual([{ kind: "socket", path: "/my/sock" }]);
  expect(engineEndpoints(undefined, { DOCKER_HOST: "unix:///other" })).toEqual([{ kind: "socket", path: "/other" }]);
});

test("engine endpoint: the usual sockets of Docker come before those of Podman", () => {
  const places = engineEndpoints(undefined, { XDG_RUNTIME_DIR: "/run/user/1" }, "/home/x");
  expect(places.map((it) => (it.kind === "socket" ? it.path : it.kind))).toEqual([
    "/var/run/docker.sock",
    "/home/x/.docker/run/docker.sock",
    "/run/user/1/docker.sock",
    "/run/user/1/podman/podman.sock",
    "/run/podman/podman.sock",
    "/home/x/.local/share/containers/podman/machine/podman.sock",
  ]);
});

test("engine endpoint: an address of this machine is taken, an engine on another one is refused", () => {
  const kinds = (given: string) => engineEndpoints(undefined, { DOCKER_HOST: given }).map(({ kind }) => kind);
  for (const given of ["tcp://127.0.0.1:2375", "localhost:2375", "https://[::1]:2376"])
    expect(kinds(given)).toEqual(["address"]);
  for (const given of ["tcp://build.example:2375", "ssh://me@127.0.0.1", "tcp://127.0.0.1.example:1"])
    expect(kinds(given)).toEqual(["refused"]);
});
