import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type ContainedProcess, startContained } from "./contained-process.testing.ts";
import { type EngineApi, engineApi } from "./engine-api.testing.ts";
import { type DaemonPlace, engineDaemon } from "./engine-daemon.testing.ts";
import { type EngineImages, engineImages } from "./engine-images.testing.ts";
import {
  type EngineInstallation,
  type EngineName,
  engineHint,
  engineInstallations,
  givenSocket,
} from "./engine-installation.testing.ts";
import { type Lifeline, openLifeline } from "./lifeline.testing.ts";
import type { ImageName } from "./root-file-system.testing.ts";

/** Options of {@link startEngine}. */
export interface EngineOptions {
  /** Never the engine of DOCKER_HOST: for a test that stops it. Implied by all other options. */
  readonly own?: boolean;
  readonly engine?: EngineName;
  /** What containers that name no network get: nothing (default; Podman refuses to start them), or a bridge whose addresses the machine reaches (Docker only). */
  readonly network?: "none" | "bridge";
  /** Default: the newest of the cache. */
  readonly installation?: EngineInstallation;
  /** Default: in the engine's own temporary folder. */
  readonly socketPath?: string;
}

/**
 * A container engine on a socket, with everything of it in a temporary folder and in process and mount namespaces that go
 * with it: its containers have other process ids on the machine than it says. Disposing ends its containers and itself; they
 * are ended with our process too. States: running ⇄ down → closed.
 */
export interface Engine extends AsyncDisposable {
  readonly kind: "given" | "own";
  /** Of the engine, as it says. */
  readonly version: string;
  readonly socketPath: string;
  /** What the images are called; one is there once {@link image} was asked for it. */
  readonly images: Readonly<Record<ImageName, string>>;
  /** Resolves when the present process has ended, with how. */
  readonly exited: Promise<string>;
  /** Imports an image on first use (Node's takes a second or two); resolves to its name. See rootFileSystem for what is in it. */
  image(name: ImageName): Promise<string>;
  /** Ends it and its containers with SIGKILL. Rejects for a given one, as all below. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM, and its containers with it. */
  stop(): Promise<void>;
  /** Starts it again with what it had stored, on the same socket. */
  run(): Promise<void>;
}

const startTimeoutMs = 30_000;
const pollMs = 20;
/** A socket's path is at most 107 bytes long. */
const longestFolder = 80;

/** Starts an engine, or gives the one of DOCKER_HOST; resolves when it serves. Throws with the way out when there is none. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const given = Object.keys(options).length === 0 ? givenSocket() : undefined;
  const { engine = "docker" } = options;
  const installation = options.installation ?? engineInstallations(engine)[0];
  if (given !== undefined) return await givenEngine(given, busyboxOf(installation));
  if (!installation) throw new Error(`no ${engine} here; ${engineHint}`);
  if (process.getuid?.() !== 0) throw new Error(`a ${engine} of our own needs root; ${engineHint}`);
  if (installation.name === "podman" && options.network === "bridge") throw new Error("podman's bridge needs iptables");
  return await ownEngine(installation, options);
}

async function ownEngine(installation: EngineInstallation, options: EngineOptions): Promise<Engine> {
  const id = randomBytes(4).toString("hex");
  const folder = await mkdtemp(join(tmpdir().length > longestFolder ? "/tmp" : tmpdir(), "rouse-engine-"));
  const busybox = busyboxOf(installation);
  const names = { cgroup: `rouse-${id}`, bridge: `rouse-${id}` };
  const lifeline = openLifeline({ folder, busybox, ...names });
  try {
    const { socketPath = join(folder, "sock"), network = "none" } = options;
    if (network === "bridge") makeBridge(busybox, names.bridge);
    const bridge = network === "bridge" ? names.bridge : undefined;
    const place: DaemonPlace = { installation, folder, socketPath, cgroup: names.cgroup, bridge };
    const api = engineApi(socketPath);
    const start = () => startDaemon(place, api, lifeline);
    let running = await start();
    const images = engineImages({ api, busybox, tag: id, folder });
    return {
      kind: "own",
      version: await versionOf(api),
      socketPath,
      images: images.names,
      get exited() {
        return running.exited;
      },
      image: (name) => images.image(name),
      kill: () => running.end("SIGKILL"),
      stop: () => running.end("SIGTERM"),
      async run() {
        await running.end("SIGTERM");
        // As a start of the machine empties /run: no process of before is there, whatever was written down.
        for (const path of [socketPath, join(folder, "pid"), join(folder, "exec"), join(folder, "libpod")]) {
          await rm(path, { recursive: true, force: true });
        }
        running = await start();
      },
      async [Symbol.asyncDispose]() {
        // Its data goes with it, so nothing is won by a shutdown in order.
        await lifeline.end();
        await running.exited;
        await rm(socketPath, { force: true });
      },
    };
  } catch (failure) {
    await lifeline.end();
    throw failure;
  }
}

async function startDaemon(place: DaemonPlace, api: EngineApi, lifeline: Lifeline): Promise<ContainedProcess> {
  const { installation, folder } = place;
  const logFile = join(folder, "daemon.log");
  const init = join(installation.root, "usr/bin/tini-static");
  const daemon = await startContained({ ...engineDaemon(place), folder, logFile, init, lifeline });
  const until = performance.now() + startTimeoutMs;
  for (;;) {
    const answer = await api.call("GET", "/_ping").catch(() => undefined);
    if (answer?.status === 200) return daemon;
    if (daemon.ended !== undefined || performance.now() > until) {
      const what = daemon.ended === undefined ? `did not answer in ${startTimeoutMs} ms` : `ended with ${daemon.ended}`;
      await daemon.end("SIGKILL");
      const last = (await readFile(logFile, "utf8")).trimEnd().split("\n").slice(-25).join("\n");
      throw new Error(`${installation.name} ${installation.version} ${what}:\n${last}`);
    }
    await new Promise((done) => setTimeout(done, pollMs));
  }
}

/** Makes a bridge with an address; networks of benchmarks (RFC 2544) are nobody's. The lifeline removes it. */
function makeBridge(busybox: string, name: string): void {
  const taken = Object.values(networkInterfaces()).flatMap(
    (addresses) => addresses?.map(({ address }) => address) ?? [],
  );
  const free = Array.from({ length: 256 }, (_, third) => `198.18.${third}.`).filter(
    (prefix) => !taken.some((address) => address.startsWith(prefix)),
  );
  const prefix = free[Math.floor(Math.random() * free.length)];
  const ip = (...args: string[]) => {
    const { status, stderr } = spawnSync(busybox, ["ip", ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(`ip ${args.join(" ")} failed: ${stderr}`);
  };
  ip("link", "add", "name", name, "type", "bridge");
  ip("addr", "add", `${prefix}1/24`, "dev", name);
  ip("link", "set", "dev", name, "up");
}

async function givenEngine(socketPath: string, busybox: string): Promise<Engine> {
  const api = engineApi(socketPath);
  const version = await versionOf(api);
  const folder = await mkdtemp(join(tmpdir(), "rouse-engine-"));
  const images: EngineImages = engineImages({ api, busybox, tag: randomBytes(4).toString("hex"), folder });
  const refuse = () => Promise.reject(new Error("the engine of DOCKER_HOST is not ours; use { own: true }"));
  return {
    kind: "given",
    version,
    socketPath,
    images: images.names,
    exited: new Promise(() => undefined),
    image: (name) => images.image(name),
    kill: refuse,
    stop: refuse,
    run: refuse,
    async [Symbol.asyncDispose]() {
      await images.remove().finally(() => rm(folder, { recursive: true, force: true }));
    },
  };
}

async function versionOf(api: EngineApi): Promise<string> {
  const { text } = await api.ask("GET", "/version");
  return (JSON.parse(text) as { readonly Version: string }).Version;
}

/** The busybox of an installation, else the machine's. */
function busyboxOf(installation: EngineInstallation | undefined): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = [...(installation ? [join(installation.root, "bin")] : []), ...folders].map((at) =>
    join(at, "busybox"),
  );
  const found = places.find((place) => existsSync(place));
  if (!found) throw new Error(`expected a busybox to make images of; ${engineHint}`);
  return found;
}
