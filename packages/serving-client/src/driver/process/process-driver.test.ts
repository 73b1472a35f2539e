import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@rouse/base";
import { expect, test } from "vitest";
import { processOf, workloadOf } from "../../workload.testing.ts";
import { driverConformance } from "../driver.conformance.ts";
import type { InstanceExit } from "../driver.ts";
import { FreePorts } from "./free-port.ts";
import { createProcessDriver } from "./process-driver.ts";
import { groupMembers } from "./process-group.ts";

const node = (script: string) => ({ program: processOf(process.execPath, "-e", script) });
const make = () => createProcessDriver({ clock: systemClock, random: Math.random });
const silent = { line: () => {}, exited: () => {} };
const linux = process.platform === "linux";

driverConformance("process driver", {
  make,
  programs: {
    listens: node(
      "require('http').createServer((_, answer) => answer.end()).listen(process.env.PORT, '127.0.0.1', () => console.log('listening'))",
    ),
    "prints-much": node("for (let n = 1; n <= 5000; n++) console.log(n)"),
    "prints-environment": node("console.log(JSON.stringify(process.env))"),
    exits: node("console.log('out'); process.stderr.write('err'); process.exitCode = 3"),
    "ignores-sigterm": node("process.on('SIGTERM', () => {}); console.log('ignoring'); setInterval(() => {}, 1e6)"),
  },
  missing: {
    workload: { program: processOf("no-such-command-here") },
    reason: "CommandNotFound",
    message: /^command "no-such-command-here" was not found; looked in PATH .*\//,
  },
});

test("process driver: a child sees exactly the minimal environment", async () => {
  const environment = {
    PATH: process.env.PATH,
    HOME: "/home/x",
    LANG: "C",
    TZ: "UTC",
    TMPDIR: "/tmp",
    TOKEN: "secret",
  };
  const driver = createProcessDriver({ clock: systemClock, random: Math.random, environment });
  const lines: string[] = [];
  const workload = workloadOf(node("console.log(Object.keys(process.env).sort().join())"));
  const launched = await driver.launch(
    { instance: "a-1", key: "default/hello", generation: 1, workload },
    { ...silent, line: (_, text) => lines.push(text) },
  );
  if (launched.kind === "running") await launched.instance.gone;
  expect(lines).toEqual(["HOME,K_CONFIGURATION,K_REVISION,K_SERVICE,LANG,PATH,PORT,TMPDIR,TZ"]);
});

test("process driver: a variable that has a NUL is named without its value", async () => {
  const workload = workloadOf({ ...node(""), env: { PLAIN: "x", TOKEN: "hunter2\0hunter2" } });
  expect(await make().launch({ instance: "a-1", key: "default/hello", generation: 1, workload }, silent)).toEqual({
    kind: "refused",
    reason: "EnvironmentInvalid",
    message: "the variable TOKEN has a NUL byte, which none can have",
  });
});

test("process driver: a missing workdir, a workdir that is a file and a command that is not executable are told apart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rouse-"));
  const file = join(folder, "plain.txt");
  await writeFile(file, "not a program", { mode: 0o644 });
  const launch = (fields: object) =>
    make().launch({ instance: "a-1", key: "default/hello", generation: 1, workload: workloadOf(fields) }, silent);
  expect(await launch({ program: { ...node("").program, workdir: join(folder, "absent") } })).toEqual({
    kind: "refused",
    reason: "WorkdirNotFound",
    message: `workdir "${join(folder, "absent")}" does not exist`,
  });
  expect(await launch({ program: { ...node("").program, workdir: file } })).toMatchObject({
    message: `workdir "${file}" is not a directory`,
  });
  expect(await launch({ program: processOf(file) })).toMatchObject({
    reason: "CommandNotExecutable",
    message: `command "${file}" is not executable`,
  });
  await rm(folder, { recursive: true });
});

test.runIf(linux)("process driver: what ignores SIGTERM is killed with all that it started", async () => {
  const grandchild = "process.on('SIGTERM',()=>{});console.log('grandchild');setInterval(()=>{},1e6)";
  const child = `process.on('SIGTERM',()=>{});require('child_process').spawn(process.execPath,['-e',${JSON.stringify(grandchild)}],{stdio:'inherit'})`;
  let started: () => void = () => {};
  const both = new Promise<void>((resolve) => {
    started = resolve;
  });
  const exits: InstanceExit[] = [];
  const observer = { line: () => started(), exited: (exit: InstanceExit) => void exits.push(exit) };
  const launched = await make().launch(
    { instance: "a-1", key: "default/hello", generation: 1, workload: workloadOf(node(child)) },
    observer,
  );
  if (launched.kind !== "running") throw new Error(launched.message);
  await both;
  const group = Number(launched.instance.handle.slice("pid ".length));
  expect(await groupMembers(group)).toHaveLength(2);
  launched.instance.stop(50);
  await launched.instance.gone;
  expect(await groupMembers(group)).toEqual([]);
  expect(exits).toEqual([{ code: undefined, signal: "SIGKILL" }]);
});

test("free ports: gives no port twice in a while, and none that somebody listens on", async () => {
  let n = 0;
  // 20000 is found three times, then 20001 and so on.
  const ports = new FreePorts(() => Math.max(0, n++ - 2) / 12_000);
  const first = await ports.take();
  ports.prepare();
  const more = await Promise.all([ports.take(), ports.take()]);
  expect(new Set([first, ...more]).size).toBe(3);
});

test("process driver: what is stopped before it was started is not started", async () => {
  const signal = AbortSignal.abort();
  const launched = make().launch(
    { instance: "a-1", key: "default/hello", generation: 1, workload: workloadOf(node("")), signal },
    silent,
  );
  expect(await launched).toMatchObject({ kind: "refused", reason: "NotWanted" });
});
