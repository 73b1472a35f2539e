import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@rouse/base";
import { expect, test, vi } from "vitest";
import type { Activator, InstanceChange } from "./activator.ts";
import { createProcessDriver } from "./driver/process/process-driver.ts";
import { createActivator } from "./local-activator.ts";
import { processOf, workloadOf } from "./workload.testing.ts";
import type { Workload } from "./workload.ts";

const key = "default/hello";
const linux = process.platform === "linux";
const node = (script: string) => ({ program: processOf(process.execPath, "-e", script) });
const pidServer = (port = "process.env.PORT") =>
  node(`require('http').createServer((_, s) => s.end(String(process.pid))).listen(${port}, '127.0.0.1')`);

function setUp(fields: Partial<Workload>) {
  const driver = createProcessDriver({ clock: systemClock, random: Math.random });
  const activator = createActivator({ driver, clock: systemClock, random: Math.random });
  const changes: InstanceChange[] = [];
  activator.onChange((change) => changes.push(change));
  activator.apply(workloadOf({ startTimeoutMs: 10_000, graceMs: 1_000, ...fields }));
  return { activator, changes };
}

/** Resolves with the next change of this kind. */
function changed(activator: Activator, kind: InstanceChange["kind"]): Promise<InstanceChange> {
  return new Promise((resolve) => {
    const stop = activator.onChange((change) => {
      if (change.kind !== kind) return;
      stop();
      resolve(change);
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function pidBehind(activator: Activator): Promise<number> {
  const answer = await activator.acquire(key, new AbortController().signal);
  if (answer.kind !== "lease") throw new Error(answer.reason);
  const pid = Number(await (await fetch(answer.lease.origin)).text());
  answer.lease.release();
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("activator: fifty who come at once share one start, each is answered by the instance, and it goes back to zero", async () => {
  const { activator, changes } = setUp({ ...pidServer(), concurrency: 50, maxScale: 1, idleMs: 50 });
  await using _ = activator;
  const stopped = changed(activator, "stopped");
  const pids = await Promise.all(Array.from({ length: 50 }, () => pidBehind(activator)));
  expect(new Set(pids).size).toBe(1);
  await stopped;
  expect(changes.map((change) => change.kind)).toEqual(["starting", "ready", "idle", "stopped"]);
  expect(isAlive(pids[0] ?? 0)).toBe(false);
});

test("activator: an instance that only listens on ::1 is found", async ({ skip }) => {
  const has = await new Promise<boolean>((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(0, "::1", () => server.close(() => resolve(true)));
  });
  if (!has) skip("this machine has no ::1");
  const { activator } = setUp(node("require('net').createServer().listen(process.env.PORT, '::1')"));
  await using _ = activator;
  const answer = await activator.acquire(key, new AbortController().signal);
  expect(answer.kind === "lease" && answer.lease.origin).toMatch(/^http:\/\/\[::1\]:\d+$/);
});

test("activator: an instance that exits at once is held with its stderr", async () => {
  const { activator } = setUp(node("console.error('no database'); process.exit(7)"));
  await using _ = activator;
  const answer = await activator.acquire(key, new AbortController().signal);
  expect(answer.kind === "held" && answer.reason).toMatch(
    /^exited with code 7 before .* PORT \d+; stderr:\nno database$/,
  );
  expect(answer.kind === "held" && answer.retryAfterMs).toBeLessThanOrEqual(1_200);
});

test("activator: an instance that never listens is ended and held with a sentence", async () => {
  const { activator } = setUp({ ...node("setInterval(() => {}, 1e6)"), startTimeoutMs: 300 });
  await using _ = activator;
  const answer = await activator.acquire(key, new AbortController().signal);
  expect(answer.kind === "held" && answer.reason).toMatch(/^nothing listened on PORT \d+ within 300 ms$/);
});

test.runIf(linux)(
  "activator: what ignores PORT is found where it listens, at once from its second start on",
  async () => {
    const port = await freePort();
    const { activator, changes } = setUp({ ...pidServer(String(port)), idleMs: 50 });
    await using _ = activator;
    for (let n = 1; n <= 2; n++) {
      const stopped = changed(activator, "stopped");
      const answer = await activator.acquire(key, new AbortController().signal);
      if (answer.kind !== "lease") throw new Error(answer.reason);
      expect(answer.lease.origin).toBe(`http://127.0.0.1:${port}`);
      expect((await fetch(answer.lease.origin)).status).toBe(200);
      answer.lease.release();
      await stopped;
    }
    const words = new RegExp(`^listens on ${port}, not on PORT \\d+$`);
    expect(activator.status(key)?.discoveredPort).toBe(port);
    expect(changes.find((it) => it.kind === "ready")?.message).toMatch(words);
    expect(activator.lines(key).map((it) => it.text)).toContainEqual(expect.stringMatching(words));
  },
);

test.runIf(linux)(
  "activator: a second instance that wants the same port fails and is told to listen on PORT",
  async () => {
    const { activator } = setUp({ ...pidServer(String(await freePort())), maxScale: 2 });
    await using _ = activator;
    const answer = await activator.acquire(key, new AbortController().signal);
    const failed = changed(activator, "failed");
    const second = activator.acquire(key, new AbortController().signal);
    expect((await failed).message).toContain("make it listen on the port that PORT names");
    if (answer.kind === "lease") answer.lease.release();
    expect((await second).kind).toBe("lease");
  },
);

test("activator: a second later than it began, an instance listens on PORT, and a helper's port is not taken for it", async () => {
  const late = node(`
    require('net').createServer().listen(0, '127.0.0.1');
    const server = require('http').createServer((_, s) => s.end(String(process.pid)));
    setTimeout(() => server.listen(process.env.PORT, '127.0.0.1'), 700);`);
  const { activator } = setUp(late);
  await using _ = activator;
  expect(isAlive(await pidBehind(activator))).toBe(true);
  expect(activator.status(key)?.discoveredPort).toBeUndefined();
});

test("activator: an instance is ready when its path for readiness gives an answer below 400", async () => {
  const warming = node(`
    let ready = false;
    setTimeout(() => (ready = true), 200);
    require('http').createServer((request, s) => {
      s.statusCode = request.url === '/ready' && !ready ? 503 : 200;
      s.end(String(ready));
    }).listen(process.env.PORT, '127.0.0.1');`);
  const { activator } = setUp({ ...warming, readinessPath: "/ready" });
  await using _ = activator;
  const answer = await activator.acquire(key, new AbortController().signal);
  if (answer.kind !== "lease") throw new Error(answer.reason);
  expect(await (await fetch(answer.lease.origin)).text()).toBe("true");
});

test("activator: an instance under load is frozen and thawed many times and answers every request", async () => {
  const { activator, changes } = setUp({ ...pidServer(), concurrency: 10, maxScale: 1, freezeMs: 5 });
  await using _ = activator;
  const pids: number[] = [];
  for (let round = 0; round < 20; round++) {
    const frozen = changed(activator, "frozen");
    pids.push(...(await Promise.all(Array.from({ length: 5 }, () => pidBehind(activator)))));
    await frozen;
  }
  expect(pids).toHaveLength(100);
  expect(new Set(pids).size).toBe(1);
  expect(changes.filter((it) => it.kind === "failed")).toEqual([]);
  expect(activator.status(key)?.leases.thawed).toBeGreaterThanOrEqual(19);
});

test("activator: a frozen instance ends at once when it is not wanted any more", async () => {
  const { activator } = setUp({ ...pidServer(), freezeMs: 5, graceMs: 20_000 });
  const frozen = changed(activator, "frozen");
  const pid = await pidBehind(activator);
  await frozen;
  await activator[Symbol.asyncDispose]();
  expect(isAlive(pid)).toBe(false);
});

test.runIf(linux)(
  "activator: children of an instance are frozen, thawed and ended with it, though they ignore SIGTERM",
  async () => {
    const forking = node(`
    process.on('SIGTERM', () => {});
    const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); process.send('up')";
    const child = require('child_process').spawn(process.execPath, ['-e', script], { stdio: [0, 1, 2, 'ipc'] });
    child.once('message', () =>
      require('http').createServer((_, s) => s.end(String(child.pid))).listen(process.env.PORT, '127.0.0.1'));`);
    const { activator } = setUp({ ...forking, freezeMs: 5, graceMs: 100 });
    const frozen = changed(activator, "frozen");
    const child = await pidBehind(activator);
    await frozen;
    const state = async () =>
      /^State:\s+(\w)/m.exec(await readFile(`/proc/${child}/status`, "utf8").catch(() => ""))?.[1];
    await vi.waitUntil(async () => (await state()) === "T");
    expect(await pidBehind(activator)).toBe(child);
    await activator[Symbol.asyncDispose]();
    // Killed; in a container without an init nobody may have reaped it.
    expect(["Z", undefined]).toContain(await state());
  },
);

test("activator: a changed file brings a new process", async () => {
  const workdir = await mkdtemp(join(tmpdir(), "rouse-"));
  const file = join(workdir, "answer.txt");
  await writeFile(file, "1");
  const { activator } = setUp({ program: { ...pidServer().program, workdir }, watch: true });
  await using _ = activator;
  const stopped = changed(activator, "stopped");
  const before = await pidBehind(activator);
  await writeFile(file, "2");
  await stopped;
  expect(await pidBehind(activator)).not.toBe(before);
  expect(isAlive(before)).toBe(false);
  await rm(workdir, { recursive: true });
});

test("activator: a slow starter that keeps writing into its own workdir becomes ready and stays, with a line about the file", async () => {
  const workdir = await mkdtemp(join(tmpdir(), "rouse-"));
  await writeFile(join(workdir, "state.json"), "");
  const slow = node(`
    const write = () => require('fs').appendFileSync('state.json', 'x');
    setInterval(write, 30);
    const server = require('http').createServer((_, s) => s.end(String(process.pid)));
    setTimeout(() => server.listen(process.env.PORT, '127.0.0.1'), 600);`);
  const { activator, changes } = setUp({ program: { ...slow.program, workdir }, watch: true, minScale: 1 });
  {
    await using _ = activator;
    const told = new Promise<string>((resolve) => {
      activator.onLine((line) => void (line.stream === "stderr" && resolve(line.text)));
    });
    expect(await told).toContain("state.json changes all the time");
    await vi.waitUntil(() => activator.free(key) > 0, { timeout: 10_000 });
    expect(await pidBehind(activator)).toBe(await pidBehind(activator));
    const kinds = changes.map((it) => it.kind);
    expect(kinds.filter((it) => it === "starting").length).toBeLessThanOrEqual(4);
    expect(kinds.indexOf("ready")).toBeLessThan(kinds.indexOf("stopped"));
  }
  await rm(workdir, { recursive: true });
});

test("activator: disposing leaves no process, also of those that are just being started", async () => {
  const { activator } = setUp({ ...pidServer(), minScale: 1, maxScale: 2 });
  const pid = await pidBehind(activator);
  const leases = [
    activator.acquire(key, new AbortController().signal),
    activator.acquire(key, new AbortController().signal),
  ];
  await activator[Symbol.asyncDispose]();
  const answers = await Promise.all(leases);
  expect(answers.map((answer) => answer.kind)).toEqual(["lease", "held"]);
  expect(isAlive(pid)).toBe(false);
  expect(activator.status(key)).toBeUndefined();
});
