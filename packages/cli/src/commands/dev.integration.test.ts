import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@rouse/base";
import * as serverModule from "@rouse/server";
import { expect, test, vi } from "vitest";
import { testContext } from "../context.testing.ts";
import type { Context } from "../context.ts";
import { Interrupted } from "../errors.ts";
import { type TestFolder, testFolder } from "../folder.testing.ts";
import { runRouse } from "../rouse.ts";
import { starterFiles } from "../starter.ts";
import { createHttp } from "../undici-http.ts";

const dev = ["dev", "--memory", "--data-plane", ":0", "--admin", ":0"];

function starter(): Promise<TestFolder> {
  return testFolder(Object.fromEntries(starterFiles.map(({ name, text }) => [name, text])));
}

/** A command that runs in this process on a real network, with a signal of its own. */
function running(argv: readonly string[], cwd: string) {
  const controller = new AbortController();
  const client = createHttp();
  const memory = testContext({ cwd, server: serverModule });
  const context: Context = {
    ...memory.context,
    pid: process.pid,
    clock: systemClock,
    uuid: crypto.randomUUID.bind(crypto),
    http: client.http,
    interrupted: controller.signal,
  };
  const ended = runRouse(argv, context).finally(() => client[Symbol.asyncDispose]());
  return { ...memory, ended, interrupt: () => controller.abort(new Interrupted("SIGINT")) };
}

async function runs(cwd: string, argv: readonly string[]) {
  const command = running(argv, cwd);
  return { code: await command.ended, out: command.stdout(), err: command.stderr() };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

test("rouse dev: what init wrote delivers an event, and ends after as many deliveries as were asked for", async () => {
  await using folder = await starter();
  const server = running([...dev, "--until-deliveries", "2"], folder.path);
  await until(() => expect(server.stdout()).toMatch(/every-minute created\n(.*\n)*\S+ {2}ready\n/));
  expect((await stat(join(folder.path, ".rouse"))).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder.path, ".rouse", "admin.json"))).mode & 0o777).toBe(0o600);
  const sent = await runs(folder.path, ["send", "-t", "com.example.hello", "-f", "name=Ada"]);
  expect([sent.code, sent.out, sent.err]).toEqual([0, "default/default/1\n", ""]);
  await runs(folder.path, ["ping", "fire", "every-minute"]);
  expect(await server.ended).toBe(0);
  expect(server.stdout()).toContain('com.example.hello: {"name":"Ada"}');
  expect(server.stdout()).toContain("hello is back to zero");
  expect(server.stdout()).toContain("2 deliveries");
  await expect(readFile(join(folder.path, ".rouse", "admin.json"))).rejects.toThrow("ENOENT");
});

test("rouse dev: follows the manifest, changes nothing for a broken one, prunes what disappeared", async () => {
  await using folder = await starter();
  const server = running([...dev, "-q"], folder.path);
  await until(() => expect(server.stdout()).toContain("pingsource.sources.knative.dev/every-minute created"));
  const text = starterFiles[0]!.text;
  await folder.write("eventing.yaml", `${text}---\nkind: [`);
  await until(() => expect(server.stderr()).toMatch(/eventing\.yaml:\d+:\d+: /));
  await folder.write("eventing.yaml", "");
  await until(() => expect(server.stderr()).toContain("eventing.yaml:1:1: the file is empty"));
  const before = await runs(folder.path, ["get", "all", "-o", "name"]);
  expect(before.out.trim().split("\n")).toHaveLength(5);
  await folder.write("eventing.yaml", text.slice(0, text.lastIndexOf("---")));
  await until(() => expect(server.stdout()).toContain("every-minute pruned"));
  const after = await runs(folder.path, ["get", "all", "-o", "name"]);
  expect(after.out.trim().split("\n")).toHaveLength(4);
  server.interrupt();
  expect(await server.ended).toBe(0);
});

test("rouse dev: whoever waits for admin.json can send at once", async () => {
  await using folder = await starter();
  const server = running([...dev, "--until-deliveries", "1"], folder.path);
  await until(() => expect(existsSync(join(folder.path, ".rouse", "admin.json"))).toBe(true));
  const sent = await runs(folder.path, ["send", "-t", "com.example.hello"]);
  expect([sent.code, sent.err]).toEqual([0, ""]);
  expect(await server.ended).toBe(0);
});

test("rouse dev: says what to do when a port is taken", async () => {
  await using folder = await starter();
  await using other = await starter();
  const server = running([...dev, "-q"], folder.path);
  await until(() => expect(server.stdout()).toContain("ready"));
  const url = JSON.parse(await readFile(join(folder.path, ".rouse", "admin.json"), "utf8")).url as string;
  const taken = await runs(other.path, ["dev", "--memory", "--admin", new URL(url).host, "--data-plane", ":0"]);
  expect(taken.code).toBe(1);
  expect(taken.err).toContain("something else does\nhint:  ");
  server.interrupt();
  expect(await server.ended).toBe(0);
});

test("rouse up: TLS and a token, which the other commands find by themselves", async () => {
  await using folder = await starter();
  const up = ["up", "--memory", "--data-plane", ":0", "--admin", ":0", "--log-level", "silent"];
  const server = running(up, folder.path);
  await until(() => expect(server.stdout()).toContain("https://127.0.0.1"));
  const applied = await runs(folder.path, ["apply", "-f", "eventing.yaml"]);
  expect([applied.code, applied.err]).toEqual([0, ""]);
  const url = JSON.parse(await readFile(join(folder.path, ".rouse", "admin.json"), "utf8")).url as string;
  const stranger = await runs("/", ["get", "brokers", "--server", url]);
  expect([stranger.code, stranger.err]).toEqual([5, expect.stringContaining("--ca-file")]);
  const caFile = join(folder.path, ".rouse", "admin.crt");
  const nameless = await runs("/", ["get", "brokers", "--server", url, "--ca-file", caFile]);
  expect([nameless.code, nameless.err]).toEqual([1, expect.stringContaining("--token-file")]);
  server.interrupt();
  expect(await server.ended).toBe(0);
});
