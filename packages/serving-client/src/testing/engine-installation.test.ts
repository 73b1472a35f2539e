import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { engineInstallations, findEngine, givenSocket } from "./engine-installation.testing.ts";

const cache = mkdtempSync(join(tmpdir(), "rouse-cache-"));

function shelve(path: string): void {
  const program = join(cache, path);
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, "");
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(cache, { recursive: true, force: true });
});

function machine(env: { readonly DOCKER_HOST?: string }, user: number): void {
  vi.stubEnv("ROUSE_CACHE", cache);
  vi.stubEnv("DOCKER_HOST", env.DOCKER_HOST ?? "");
  vi.spyOn(process, "getuid").mockReturnValue(user);
}

test("findEngine: nothing when the cache is empty", () => {
  machine({}, 0);
  expect(findEngine()).toBeUndefined();
});

test("findEngine: the newest of the cache, for root alone", () => {
  machine({}, 0);
  shelve("docker/20.10.24/usr/sbin/dockerd");
  shelve("docker/26.1.5/usr/sbin/dockerd");
  shelve("docker/draft-1/usr/sbin/dockerd");
  expect(engineInstallations().map(({ version }) => version)).toEqual(["26.1.5", "20.10.24"]);
  expect(findEngine()).toEqual({ kind: "installed", version: "26.1.5" });
  expect(findEngine({ engine: "podman" })).toBeUndefined();
  machine({}, 1000);
  expect(findEngine()).toBeUndefined();
});

test("findEngine: the engine of DOCKER_HOST comes first, unless one of our own is wanted", () => {
  machine({ DOCKER_HOST: "unix:///run/engine.sock" }, 1000);
  expect(findEngine()).toEqual({ kind: "given", version: "given" });
  expect(findEngine({ own: true })).toBeUndefined();
});

test("givenSocket: refuses a DOCKER_HOST that is no socket", () => {
  expect(givenSocket({ DOCKER_HOST: "unix:///run/engine.sock" })).toBe("/run/engine.sock");
  expect(() => givenSocket({ DOCKER_HOST: "tcp://127.0.0.1:2375" })).toThrow(
    "unix:///<path>, got tcp://127.0.0.1:2375",
  );
});
