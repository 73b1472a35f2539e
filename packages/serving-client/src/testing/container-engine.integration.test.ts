import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "./container-engine.testing.ts";
import { engineApi } from "./engine-api.testing.ts";
import { engineHint, findEngine, podmanHint } from "./engine-installation.testing.ts";

afterEach(() => vi.unstubAllEnvs());

interface Inspected {
  readonly State: { readonly Running: boolean; readonly ExitCode: number };
  readonly NetworkSettings: { readonly IPAddress: string };
}

async function startContainer(engine: Pick<Engine, "socketPath">, settings: object): Promise<string> {
  const api = engineApi(engine.socketPath);
  const { Id } = JSON.parse((await api.ask("POST", "/containers/create", settings)).text) as { readonly Id: string };
  await api.ask("POST", `/containers/${Id}/start`);
  return Id;
}

async function inspected(engine: Engine, id: string): Promise<Inspected> {
  return JSON.parse((await engineApi(engine.socketPath).ask("GET", `/containers/${id}/json`)).text) as Inspected;
}

async function onHostNetwork(engine: Engine, image: "busybox" | "node"): Promise<{ id: string; url: string }> {
  const port = await freePort();
  const Env = [`PORT=${port}`, "HOST=127.0.0.1"];
  const id = await startContainer(engine, {
    Image: await engine.image(image),
    Env,
    HostConfig: { NetworkMode: "host" },
  });
  return { id, url: `http://127.0.0.1:${port}/` };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { readonly port: number };
  await once(probe.close(), "close");
  return port;
}

async function answerOf(url: string): Promise<string> {
  return await vi.waitFor(async () => (await fetch(url)).text(), { timeout: 10_000, interval: 20 });
}

/** Processes whose command line or mounts name a folder. */
function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    const files = [`/proc/${pid}/cmdline`, `/proc/${pid}/mountinfo`];
    return files.some((file) => {
      try {
        return readFileSync(file, "utf8").includes(folder);
      } catch {
        return false;
      }
    });
  });
}

/** Where the cgroup of an engine is: in each hierarchy, or in the one there is. */
function cgroupsOf(name: string): readonly string[] {
  const root = "/sys/fs/cgroup";
  return [root, ...readdirSync(root).map((hierarchy) => join(root, hierarchy))].filter((at) =>
    existsSync(join(at, name)),
  );
}

function isDevice(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

/** What the bridge and the cgroup of an engine are called: by the number that its images have. */
function numbered(image: string): string {
  return `rouse-${image.split(":").at(-1)}`;
}

if (!findEngine()) test.skip(`no container engine here; ${engineHint}`, () => {});

describe.skipIf(!findEngine({ own: true }))("a container engine of our own", () => {
  test.each(["busybox", "node"] as const)(
    "startEngine: its %s image answers on PORT with the host network",
    async (name) => {
      await using engine = await startEngine({ own: true });
      const { url } = await onHostNetwork(engine, name);
      expect(await answerOf(url)).toContain(name === "node" ? process.version : "hello from busybox");
    },
  );

  test("startEngine: the machine reaches a container on the bridge by its address", async () => {
    const engine = await startEngine({ network: "bridge" });
    const devices = [numbered(engine.images.busybox)];
    try {
      const id = await startContainer(engine, { Image: await engine.image("busybox") });
      const { NetworkSettings } = await inspected(engine, id);
      expect(await answerOf(`http://${NetworkSettings.IPAddress}:8080/`)).toBe("hello from busybox\n");
      const network = { Name: "more", Driver: "bridge" };
      const { text: made } = await engineApi(engine.socketPath).ask("POST", "/networks/create", network);
      devices.push(`br-${(JSON.parse(made) as { readonly Id: string }).Id.slice(0, 12)}`);
      expect(devices.map(isDevice)).toEqual([true, true]);
    } finally {
      await engine[Symbol.asyncDispose]();
    }
    expect(devices.map(isDevice)).toEqual([false, false]);
  });

  test("startEngine: an image of another architecture does not run", async () => {
    await using engine = await startEngine({ own: true });
    const id = await startContainer(engine, { Image: await engine.image("foreign") });
    await engineApi(engine.socketPath).ask("POST", `/containers/${id}/wait`);
    expect((await inspected(engine, id)).State).toMatchObject({ Running: false, ExitCode: 1 });
  });

  test("startEngine: nothing is left when it is disposed while a container runs that hears no SIGTERM", async () => {
    const engine = await startEngine({ own: true });
    const folder = dirname(engine.socketPath);
    const deaf = ["sh", "-c", "trap '' TERM; sleep 1000"];
    const HostConfig = { NetworkMode: "host" };
    await startContainer(engine, { Image: await engine.image("busybox"), Cmd: deaf, HostConfig });
    expect(processesOf(folder).length).toBeGreaterThan(2);
    expect(cgroupsOf(numbered(engine.images.busybox))).not.toEqual([]);
    await engine[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    expect(processesOf(folder)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(cgroupsOf(numbered(engine.images.busybox))).toEqual([]);
  });

  test("startEngine: an engine that was stopped or killed comes again on its socket with its images", async () => {
    await using engine = await startEngine({ own: true });
    const { id } = await onHostNetwork(engine, "busybox");
    for (const end of [() => engine.stop(), () => engine.kill()]) {
      await end();
      await expect(engineApi(engine.socketPath).call("GET", "/_ping")).rejects.toThrow();
      await engine.run();
      expect((await inspected(engine, id)).State.Running).toBe(false);
      const { url } = await onHostNetwork(engine, "busybox");
      expect(await answerOf(url)).toBe("hello from busybox\n");
    }
  });

  test("startEngine: uses the engine of DOCKER_HOST, takes its images away and leaves it running", async () => {
    await using engine = await startEngine({ own: true });
    vi.stubEnv("DOCKER_HOST", `unix://${engine.socketPath}`);
    const api = engineApi(engine.socketPath);
    {
      await using given = await startEngine();
      expect(given).toMatchObject({ kind: "given", version: engine.version });
      const { url } = await onHostNetwork(given, "busybox");
      expect(await answerOf(url)).toBe("hello from busybox\n");
      await expect(given.stop()).rejects.toThrow("is not ours");
    }
    expect(JSON.parse((await api.ask("GET", "/images/json")).text)).toEqual([]);
    expect(JSON.parse((await api.ask("GET", "/containers/json?all=1")).text)).toEqual([]);
  });

  test("startEngine: its containers end and its folder goes when our process is killed", async () => {
    const built = fileURLToPath(new URL("../../dist/testing/index.js", import.meta.url));
    const script = `
      import { engineApi, startEngine } from ${JSON.stringify(built)};
      const engine = await startEngine({ network: "bridge" });
      const api = engineApi(engine.socketPath);
      const Image = await engine.image("busybox");
      const { Id } = JSON.parse((await api.ask("POST", "/containers/create", { Image })).text);
      await api.ask("POST", "/containers/" + Id + "/start");
      process.stdout.end(engine.socketPath + " " + Image);
      process.stdin.resume();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [socketPath = "", image = ""] = (await text(child.stdout)).split(" ");
    const folder = dirname(socketPath);
    expect(isDevice(numbered(image))).toBe(true);
    expect(processesOf(folder).length).toBeGreaterThan(2);
    child.kill("SIGKILL");
    await vi.waitFor(() => expect([existsSync(folder), processesOf(folder)]).toEqual([false, []]), { timeout: 15_000 });
    await vi.waitFor(() => expect(isDevice(numbered(image))).toBe(false));
  });
});

if (!findEngine({ own: true, engine: "podman" })) test.skip(`no podman here; ${podmanHint}`, () => {});

describe.skipIf(!findEngine({ own: true, engine: "podman" }))("a podman of our own", () => {
  test("startEngine: podman runs the images on the host network, comes again after an end, and leaves nothing", async () => {
    const engine = await startEngine({ engine: "podman" });
    const folder = dirname(engine.socketPath);
    let id = "";
    try {
      const started = await onHostNetwork(engine, "busybox");
      id = started.id;
      expect(await answerOf(started.url)).toBe("hello from busybox\n");
      expect(processesOf(folder).length).toBeGreaterThan(2);
      await engine.kill();
      await engine.run();
      expect((await inspected(engine, id)).State.Running).toBe(false);
      await engineApi(engine.socketPath).ask("POST", `/containers/${id}/start`);
      expect(await answerOf(started.url)).toBe("hello from busybox\n");
    } finally {
      await engine[Symbol.asyncDispose]();
    }
    expect([existsSync(folder), processesOf(folder)]).toEqual([false, []]);
    expect(existsSync(`/sys/fs/cgroup/memory/libpod_parent/libpod-${id}`)).toBe(false);
  });
});
