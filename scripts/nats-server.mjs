// Finds nats-server, or gets one into the project's cache: unpacked from a Debian package, or built by the Go toolchain.
// Nothing is installed on the system and nothing needs root.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { quietly } from "./steps.mjs";

/** How a person gets one. */
export const hint =
  "install it with your package manager (Debian: apt-get install nats-server, macOS: brew install nats-server) or with Go: " +
  "go install github.com/nats-io/nats-server/v2@latest";

/** The project's cache, outside the checkout so that a fresh clone finds it again. */
export const cache = process.env.ROUSE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "rouse");
const shelf = join(cache, "nats-server");

function versionOf(binary) {
  return quietly(binary, ["--version"]).stdout.match(/v(\d+\.\d+\.\d+)/)?.[1];
}

const isFloor = (version) => version.startsWith("2.9.");

/** Every nats-server at hand, the cache's first: `{ binary, version }`. */
export function found() {
  const cached = existsSync(shelf) ? readdirSync(shelf).map((name) => join(shelf, name, "nats-server")) : [];
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "nats-server"));
  return [...cached, ...onPath]
    .filter((binary) => existsSync(binary))
    .map((binary) => ({ binary, version: versionOf(binary) }))
    .filter((server) => server.version !== undefined);
}

function shelve(binary, name) {
  mkdirSync(join(shelf, name), { recursive: true });
  const draft = join(shelf, name, `nats-server.${process.pid}`);
  copyFileSync(binary, draft);
  renameSync(draft, join(shelf, name, "nats-server"));
}

/** Unpacks Debian's package into the cache; package lists of our own where the system's are missing or old. */
function fromDebian() {
  const work = mkdtempSync(join(tmpdir(), "rouse-deb-"));
  try {
    const lists = join(work, "apt");
    mkdirSync(join(lists, "lists", "partial"), { recursive: true });
    mkdirSync(join(lists, "cache", "archives", "partial"), { recursive: true });
    const own = [
      "-o",
      `Dir::State::lists=${join(lists, "lists")}`,
      "-o",
      `Dir::Cache=${join(lists, "cache")}`,
      "-o",
      "APT::Sandbox::User=",
    ];
    const download = (options) =>
      quietly("apt-get", [...options, "download", "nats-server"], { cwd: work, timeout: 60_000 }).ok;
    if (!download([])) {
      if (!quietly("apt-get", [...own, "update"], { cwd: work, timeout: 90_000 }).ok || !download(own)) return false;
    }
    const deb = readdirSync(work).find((name) => name.endsWith(".deb"));
    if (!deb || !quietly("dpkg-deb", ["-x", deb, "unpacked"], { cwd: work }).ok) return false;
    const binary = ["usr/sbin/nats-server", "usr/bin/nats-server"]
      .map((path) => join(work, "unpacked", path))
      .find(existsSync);
    if (!binary) return false;
    shelve(binary, "debian");
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Builds the newest release with the Go toolchain into the cache; takes a minute or two. */
function fromGo() {
  const work = mkdtempSync(join(tmpdir(), "rouse-go-"));
  try {
    const built = quietly("go", ["install", "github.com/nats-io/nats-server/v2@latest"], {
      cwd: work,
      env: { ...process.env, GOBIN: work, GOFLAGS: "-mod=mod" },
      timeout: 900_000,
    });
    if (!built.ok || !existsSync(join(work, "nats-server"))) return false;
    shelve(join(work, "nats-server"), "newest");
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** One server, whichever is quickest to have; undefined when there is none to be had. */
export function obtainAny(say = console.log) {
  if (found().length === 0 && existsSync("/usr/bin/apt-get")) {
    say("fetching nats-server into the project's cache (a Debian package, nothing is installed) …");
    fromDebian();
  }
  if (found().length === 0 && quietly("go", ["version"]).ok) {
    say("building nats-server into the project's cache with the Go toolchain (a minute or two) …");
    fromGo();
  }
  return found()[0];
}

/** The floor (2.9) and the newest, as far as they can be had. */
export function obtainBoth(say = console.log) {
  if (!found().some((server) => isFloor(server.version)) && existsSync("/usr/bin/apt-get")) {
    say("fetching nats-server 2.9 into the project's cache (a Debian package, nothing is installed) …");
    fromDebian();
  }
  if (!found().some((server) => !isFloor(server.version)) && quietly("go", ["version"]).ok) {
    say("building the newest nats-server into the project's cache with the Go toolchain (a minute or two) …");
    fromGo();
  }
  return found();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const servers = obtainBoth();
  for (const server of servers) console.log(`nats-server ${server.version}  ${server.binary}`);
  if (servers.length === 0) console.log(`no nats-server: ${hint}`);
  process.exit(servers.length === 0 ? 1 : 0);
}
