import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { type NatsServer, startNatsServer } from "./nats-server.ts";
import { cachedNatsServers, findNatsServer, type NatsServerBinary, onPath } from "./nats-server-binary.ts";

const installHint =
  "no nats-server found: put one on PATH, name it in ROUSE_NATS_SERVER, or unpack it to ~/.cache/rouse/nats-server/<version>/nats-server ($ROUSE_CACHE/nats-server/<version>/nats-server where that is set)";

/** Every distinct version of nats-server on this machine, newest first. */
export async function testNatsServers(): Promise<readonly NatsServerBinary[]> {
  const all = [await findNatsServer(process.env), await onPath(process.env), ...(await cachedNatsServers(process.env))];
  const byVersion = new Map<string, NatsServerBinary>();
  for (const one of all) if (one && !byVersion.has(one.version)) byVersion.set(one.version, one);
  return [...byVersion.values()];
}

/** Runs a suite once for each version; without any it is skipped visibly, and fails where CI is `true`. */
export async function withNatsServers(name: string, suite: (binary: NatsServerBinary) => void): Promise<void> {
  const servers = await testNatsServers();
  for (const server of servers) describe(`nats-server ${server.version}`, () => suite(server));
  if (servers.length > 0) return;
  if (process.env.CI === "true") {
    test(name, () => {
      throw new Error(installHint);
    });
  } else test.skip(`${name}: ${installHint}`, () => {});
}

/** A running server in a folder of its own, which goes with it. */
export async function startTestServer({
  binary,
}: NatsServerBinary): Promise<NatsServer & { readonly storeDir: string }> {
  const storeDir = await mkdtemp(join(tmpdir(), "rouse-nats-"));
  const server = await startNatsServer({ binary, storeDir });
  // It has a process group of its own and would outlive a test run that is broken off.
  const onExit = () => {
    if (server.pid !== undefined) process.kill(server.pid, "SIGKILL");
  };
  process.once("exit", onExit);
  const dispose = async () => {
    process.off("exit", onExit);
    await server[Symbol.asyncDispose]();
    await rm(storeDir, { recursive: true, force: true, maxRetries: 5 });
  };
  return Object.defineProperties({} as NatsServer & { readonly storeDir: string }, {
    ...Object.getOwnPropertyDescriptors(server),
    storeDir: { value: storeDir },
    [Symbol.asyncDispose]: { value: dispose },
  });
}
