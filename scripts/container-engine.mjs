// Gets a container engine into the project's cache, unpacked from Debian's packages; nothing is installed on the system. To
// start it needs root. As a program it starts one in the foreground: see usage.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { downloadDebs } from "./debian.mjs";
import { cache } from "./nats-server.mjs";
import { prepare } from "./prepare.mjs";
import { quietly, root } from "./steps.mjs";

/** How a person gets one. */
export const hint =
  "run as root on Debian, where the tests bring an engine of their own, or name one: DOCKER_HOST=unix:///var/run/docker.sock " +
  "(Debian: apt-get install docker.io, or podman with podman system service -t 0)";

/** The package whose version is the engine's, then what it needs beside what every Debian has. */
const packages = {
  docker: ["docker.io", "containerd", "runc", "tini", "busybox-static", "libdevmapper1.02.1"],
  podman:
    "podman conmon runc netavark aardvark-dns catatonit golang-github-containers-common tini busybox-static libdevmapper1.02.1 libsubid4 libgpgme11 libassuan0".split(
      " ",
    ),
};

/** The launchers of the tests, which need the built packages. */
const launchers = () => import(join(root, "packages", "serving-client", "dist", "testing", "index.js"));

function versionOf(debs, name) {
  const deb = debs.find((path) => quietly("dpkg-deb", ["-f", path, "Package"]).stdout.trim() === name);
  return deb && quietly("dpkg-deb", ["-f", deb, "Version"]).stdout.match(/(\d+\.\d+\.\d+)/)?.[1];
}

function fromDebian(engine) {
  mkdirSync(join(cache, engine), { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "rouse-deb-"));
  const draft = mkdtempSync(join(cache, engine, "draft-"));
  try {
    const debs = downloadDebs(packages[engine], work);
    if (debs.length === 0 || !debs.every((deb) => quietly("dpkg-deb", ["-x", deb, draft]).ok)) return;
    const version = versionOf(debs, packages[engine][0]);
    const place = join(cache, engine, String(version));
    if (version && !existsSync(place)) renameSync(draft, place);
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The engine to test with, got when there is none; undefined when there is none to be had. Needs the built packages. */
export async function obtain(say = console.log, engine = "docker") {
  const { engineInstallations } = await launchers();
  if (engineInstallations(engine).length === 0 && existsSync("/usr/bin/apt-get")) {
    say(`fetching ${engine} into the project's cache (Debian packages, nothing is installed) …`);
    fromDebian(engine);
  }
  return engineInstallations(engine)[0];
}

/** Docker and Podman, as far as they can be had and this user may start them. */
export async function obtainStartable(say) {
  if (process.getuid?.() !== 0) return [];
  return [await obtain(say), await obtain(say, "podman")].filter((engine) => engine !== undefined);
}

const usage =
  "takes --engine docker|podman (default docker), --socket </path> (default /tmp/rouse-engine.sock), --obtain to only get it";

function optionsGiven() {
  const options = { engine: { type: "string", default: "docker" }, obtain: { type: "boolean", default: false } };
  const socket = { type: "string", default: "/tmp/rouse-engine.sock" };
  try {
    const { values } = parseArgs({ options: { ...options, socket }, args: process.argv.slice(2) });
    return values.engine in packages && values.socket.startsWith("/") ? values : undefined;
  } catch {
    return undefined;
  }
}

async function main() {
  const given = optionsGiven();
  if (!given) {
    console.error(`${usage}; got ${process.argv.slice(2).join(" ")}`);
    return 2;
  }
  await prepare();
  const { engine: name, socket: socketPath } = given;
  const installation = await obtain(console.log, name);
  if (!installation) {
    console.error(`no container engine: ${hint}`);
    return 1;
  }
  if (given.obtain) {
    console.log(`${installation.name} ${installation.version}`);
    return 0;
  }
  if (existsSync(socketPath)) {
    console.error(`${socketPath} is there already; name another with --socket`);
    return 1;
  }
  const { startEngine } = await launchers();
  const told = new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => done(undefined));
  });
  let engine;
  try {
    engine = await startEngine({ installation, network: name === "docker" ? "bridge" : "none", socketPath });
    const image = await engine.image("busybox");
    console.log(`${name} ${engine.version} listens on unix://${socketPath} and has ${image}; stop it with Ctrl-C`);
    const ended = await Promise.race([told, engine.exited]);
    if (ended !== undefined) console.error(`the engine ended with ${ended}`);
    return ended === undefined ? 0 : 1;
  } catch (failure) {
    console.error(failure.message);
    return 1;
  } finally {
    await engine?.[Symbol.asyncDispose]();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(await main());
