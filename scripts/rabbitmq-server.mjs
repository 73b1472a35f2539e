// Finds RabbitMQ, or gets one into the project's cache: unpacked from Debian's packages, Erlang included. Nothing is
// installed on the system and nothing needs root. As a program it starts one in the
// foreground: `--port <number>`; `--obtain` only gets it.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadDebs } from "./debian.mjs";
import { runInForeground } from "./foreground.mjs";
import { cache } from "./nats-server.mjs";
import { prepare } from "./prepare.mjs";
import { quietly, root } from "./steps.mjs";

/** How a person gets one. */
export const hint =
  "install it with your package manager (Debian: apt-get install rabbitmq-server, macOS: brew install rabbitmq), or start " +
  "compose.yaml and name it: RABBITMQ_URL=amqp://rouse:rouse@127.0.0.1:5672";

/** What rabbitmq-server needs of Erlang, with what these need. */
const erlang =
  "base asn1 crypto eldap ftp inets mnesia os-mon parsetools public-key runtime-tools snmp ssl syntax-tools tftp tools xmerl";

/** The launchers of the tests, which need the built packages. */
const launchers = () => import(join(root, "packages", "sources", "dist", "testing", "index.js"));

/** RabbitMQ's own version, as the unpacked folder says it. */
function versionIn(unpacked) {
  const folder = join(unpacked, "usr", "lib", "rabbitmq", "lib");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.map((name) => name.match(/^rabbitmq_server-(\d+\.\d+\.\d+)$/)?.[1]).find(Boolean);
}

/** Erlang's two start scripts know one folder; here they ask where they are. */
function relocate(unpacked) {
  const home = join(unpacked, "usr", "lib", "erlang");
  const runtime = readdirSync(home).find((name) => name.startsWith("erts-"));
  for (const [folder, up] of [
    ["bin", ".."],
    [join(runtime, "bin"), "../.."],
  ]) {
    const script = join(home, folder, "erl");
    const own = `ROOTDIR="$(cd "$(dirname "$(readlink -f "$0")")/${up}" && pwd)"`;
    writeFileSync(
      script,
      readFileSync(script, "utf8").replaceAll("ROOTDIR=/usr/lib/erlang", () => own),
    );
  }
}

function fromDebian() {
  mkdirSync(join(cache, "rabbitmq"), { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "rouse-deb-"));
  const draft = mkdtempSync(join(cache, "rabbitmq", "draft-"));
  try {
    const debs = downloadDebs(["rabbitmq-server", ...erlang.split(" ").map((name) => `erlang-${name}`)], work);
    if (!debs.every((deb) => quietly("dpkg-deb", ["-x", deb, draft]).ok)) return;
    const version = versionIn(draft);
    if (debs.length === 0 || !version) return;
    relocate(draft);
    const place = join(cache, "rabbitmq", version);
    if (!existsSync(place)) renameSync(draft, place);
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The RabbitMQ to test with, got when there is none; undefined when there is none to be had. Needs the built packages. */
export async function obtain(say = console.log) {
  const { rabbitmqInstallations } = await launchers();
  if (rabbitmqInstallations().length === 0 && existsSync("/usr/bin/apt-get")) {
    say("fetching RabbitMQ into the project's cache (Debian packages, nothing is installed) …");
    fromDebian();
  }
  return rabbitmqInstallations()[0];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare();
  await runInForeground({
    name: "rabbitmq",
    port: 5672,
    hint,
    obtain,
    start: async (port) => (await launchers()).startRabbitmq({ own: true, port, user: "rouse", password: "rouse" }),
    more: (server) => `, user ${server.user}, password ${server.password}`,
  });
}
