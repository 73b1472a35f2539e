import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { cachedNatsServers, compareVersions, findNatsServer } from "./nats-server-binary.ts";

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "rouse-binary-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function program(path: string, version: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
  return path;
}

test("nats-server: the named one comes before PATH, PATH before the cache", async () => {
  await using dir = await folder();
  const named = await program(join(dir.path, "named"), "2.10.1");
  const path = await program(join(dir.path, "bin", "nats-server"), "2.11.0");
  const cached = await program(join(dir.path, "nats-server", "a", "nats-server"), "2.12.0");
  const env = { ROUSE_CACHE: dir.path, PATH: `/usr/bin:/bin:${dirname(path)}`, ROUSE_NATS_SERVER: named };
  expect(await findNatsServer(env)).toEqual({ binary: named, version: "2.10.1" });
  expect(await findNatsServer({ ...env, ROUSE_NATS_SERVER: "" })).toEqual({ binary: path, version: "2.11.0" });
  expect(await findNatsServer({ ROUSE_CACHE: dir.path, PATH: "" })).toEqual({ binary: cached, version: "2.12.0" });
  expect(await findNatsServer({ ROUSE_CACHE: join(dir.path, "bin"), PATH: "" })).toBeUndefined();
});

test("nats-server: the cache gives the newest first and leaves out what does not run", async () => {
  await using dir = await folder();
  const root = join(dir.path, "nats-server");
  await program(join(root, "old", "nats-server"), "2.9.10");
  await program(join(root, "new", "nats-server"), "2.15.2");
  await mkdir(join(root, "empty"));
  const versions = (await cachedNatsServers({ ROUSE_CACHE: dir.path })).map((one) => one.version);
  expect(versions).toEqual(["2.15.2", "2.9.10"]);
});

test("nats-server: ROUSE_CACHE names the whole cache of the project, XDG_CACHE_HOME the folder that it is in", async () => {
  await using dir = await folder();
  await program(join(dir.path, "own", "nats-server", "a", "nats-server"), "2.10.1");
  await program(join(dir.path, "xdg", "rouse", "nats-server", "a", "nats-server"), "2.11.0");
  const [own, xdg] = [{ ROUSE_CACHE: join(dir.path, "own") }, { XDG_CACHE_HOME: join(dir.path, "xdg") }];
  const versions = async (env: object) => (await cachedNatsServers({ ...env })).map((one) => one.version);
  expect(await versions({ ...own, ...xdg })).toEqual(["2.10.1"]);
  expect(await versions(xdg)).toEqual(["2.11.0"]);
  expect(await versions({ ROUSE_CACHE: "", ...xdg })).toEqual(["2.11.0"]);
});

test.each([
  ["2.9.10", "2.15.0", -1],
  ["2.10.0", "2.9.99", 1],
  ["2.10.0-RC.1", "2.10.0", 0],
])("nats-server: version %s against %s", (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});
