import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { runBuilt } from "./built-module.testing.ts";
import { connectNats } from "./connection.ts";
import { withNatsServers } from "./nats-server.testing.ts";
import { startNatsServer } from "./nats-server.ts";

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "rouse-server-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

await withNatsServers("nats-server", ({ binary }) => {
  test("nats-server: starts on a free loopback port, in a private folder, with random credentials", async () => {
    await using dir = await folder();
    const storeDir = join(dir.path, "deep", "store");
    await using server = await startNatsServer({ binary, storeDir });
    const connection = await connectNats({ servers: [server.url], user: server.user, password: server.password });
    expect(connection.info).toMatchObject({ jetstream: true });
    await connection.close();
    expect((await stat(storeDir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(storeDir, "nats-server.conf"))).mode & 0o777).toBe(0o600);
    const stranger = connectNats({ servers: [server.url], user: server.user, password: "wrong" });
    await expect(stranger).rejects.toMatchObject({ code: "NATS_CONNECTION_FAILED" });
  });

  test("nats-server: keeps its port over kill and restart, and ends with its owner's dispose", async () => {
    await using dir = await folder();
    const server = await startNatsServer({ binary, storeDir: dir.path });
    const { port, pid } = server;
    await server.kill();
    expect(server.pid).toBeUndefined();
    expect(isAlive(pid!)).toBe(false);
    await server.restart();
    expect(server.port).toBe(port);
    const second = server.pid!;
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    expect(isAlive(second)).toBe(false);
  });

  test("nats-server: an aborted signal ends it", async () => {
    await using dir = await folder();
    const controller = new AbortController();
    const server = await startNatsServer({ binary, storeDir: dir.path, signal: controller.signal });
    const { exited } = server;
    controller.abort();
    expect(await exited).toBe("signal SIGKILL");
  });

  test("nats-server: one left over on the same folder is ended before another starts", async () => {
    await using dir = await folder();
    const first = await startNatsServer({ binary, storeDir: dir.path });
    // As if another process, long dead, had started it.
    await writeFile(join(dir.path, "owner.pid"), "999999999");
    await using second = await startNatsServer({ binary, storeDir: dir.path });
    expect(await first.exited).toMatch(/exit code|signal/);
    expect(isAlive(second.pid!)).toBe(true);
    await first[Symbol.asyncDispose]();
  });

  test("nats-server: ends when its owner exits without having disposed of it", async () => {
    await using dir = await folder();
    const script = `
      const [, binary, storeDir] = process.argv;
      const server = await subject.startNatsServer({ binary, storeDir });
      console.log(server.pid);
      process.exit(7);`;
    const { printed, code } = await runBuilt("nats-server", script, binary, dir.path);
    expect(code).toBe(7);
    await vi.waitUntil(() => !isAlive(Number(printed)), { timeout: 10_000 });
  });

  test("nats-server: a process that waits for the end of one left over stays until its own accepts", async () => {
    await using dir = await folder();
    const first = await startNatsServer({ binary, storeDir: dir.path });
    await writeFile(join(dir.path, "owner.pid"), "999999999");
    const script = `
      const [, binary, storeDir] = process.argv;
      const server = await subject.startNatsServer({ binary, storeDir });
      console.log("accepts");
      await server[Symbol.asyncDispose]();`;
    // A stopped process does not end at SIGTERM, so there is a wait of 5 s until SIGKILL.
    process.kill(first.pid!, "SIGSTOP");
    const second = runBuilt("nats-server", script, binary, dir.path);
    expect(await second).toEqual({ printed: "accepts", code: 0 });
    await first[Symbol.asyncDispose]();
  });

  test("nats-server: leaves no listener on our exit when it was disposed of, or could not be started", async () => {
    await using dir = await folder();
    const before = process.listenerCount("exit");
    const server = await startNatsServer({ binary, storeDir: dir.path });
    expect(process.listenerCount("exit")).toBe(before + 1);
    await server[Symbol.asyncDispose]();
    await startNatsServer({ binary: join(dir.path, "no-such"), storeDir: dir.path }).catch(() => {});
    expect(process.listenerCount("exit")).toBe(before);
  });

  test("nats-server: a folder whose server belongs to a living process is refused, and that server lives on", async () => {
    await using dir = await folder();
    await using first = await startNatsServer({ binary, storeDir: dir.path });
    const second = startNatsServer({ binary, storeDir: dir.path });
    await expect(second).rejects.toMatchObject({ code: "NATS_SERVER_FAILED", hint: expect.stringContaining("stop") });
    expect(isAlive(first.pid!)).toBe(true);
  });

  test("nats-server: a pid file that names somebody else's process harms nobody", async () => {
    await using dir = await folder();
    const bystander = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    try {
      await writeFile(join(dir.path, "nats-server.pid"), String(bystander.pid));
      await using server = await startNatsServer({ binary, storeDir: dir.path });
      expect(server.pid).toBeGreaterThan(0);
      expect(bystander.exitCode).toBeNull();
      expect(bystander.signalCode).toBeNull();
    } finally {
      bystander.kill("SIGKILL");
    }
  });

  test("nats-server: a failing start tells its last log lines", async () => {
    await using dir = await folder();
    await using taken = await startNatsServer({ binary, storeDir: join(dir.path, "one") });
    const failing = startNatsServer({ binary, storeDir: join(dir.path, "two"), port: taken.port });
    await expect(failing).rejects.toMatchObject({
      code: "NATS_SERVER_FAILED",
      message: expect.stringContaining("address already in use"),
    });
    expect(await readFile(join(dir.path, "two", "nats-server.log"), "utf8")).toContain("address already in use");
  });
});

test("nats-server: a program that does not exist is a clear failure", async () => {
  await using dir = await folder();
  const failing = startNatsServer({ binary: join(dir.path, "no-such"), storeDir: dir.path });
  await expect(failing).rejects.toMatchObject({
    code: "NATS_SERVER_FAILED",
    message: expect.stringContaining("ENOENT"),
  });
});
