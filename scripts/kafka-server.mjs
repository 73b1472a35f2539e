// Finds Apache Kafka, or gets its jars into the project's cache with Maven. Nothing is installed on the system and nothing
// needs root. As a program it starts one in the foreground: `--port <number>`; `--obtain` only gets it.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInForeground } from "./foreground.mjs";
import { cache } from "./nats-server.mjs";
import { prepare } from "./prepare.mjs";
import { quietly, root } from "./steps.mjs";

/** How a person gets one. */
export const hint =
  "install Java 17 or newer and Maven (Debian: apt-get install default-jre-headless maven, macOS: brew install openjdk maven), " +
  "or start compose.yaml and name it: KAFKA_BOOTSTRAP=127.0.0.1:9092";

/** The newest that Maven Central has completely, and the last line before it. */
export const versions = ["4.3.1", "3.9.2"];

/** The launchers of the tests, which need the built packages. */
const launchers = () => import(join(root, "packages", "sources", "dist", "testing", "index.js"));

/** Copies the jars of a version into the cache; returns what Maven said when it could not. */
function fromMaven(version) {
  const shelf = join(cache, "kafka");
  mkdirSync(shelf, { recursive: true });
  const draft = mkdtempSync(join(shelf, "draft-"));
  try {
    const pom = join(root, "scripts", "kafka", "pom.xml");
    const wanted = [`-Dkafka.version=${version}`, "-DincludeScope=runtime", `-DoutputDirectory=${join(draft, "libs")}`];
    const copied = quietly("mvn", ["-q", "-B", "-f", pom, ...wanted, "dependency:copy-dependencies"], {
      timeout: 600_000,
    });
    if (!copied.ok) return copied.output.trim().split("\n").slice(0, 3).join("\n");
    if (!existsSync(join(shelf, version))) renameSync(draft, join(shelf, version));
    return undefined;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Has Java write down the classes that a start loads: then each start takes a third less. */
async function writeClasses(installation) {
  const draft = `${installation.classes}.${process.pid}`;
  const { startKafka } = await launchers();
  const kafka = await startKafka({ installation: { ...installation, classes: draft }, writeClasses: true });
  await kafka.createTopic("warm");
  await kafka.stop();
  await kafka[Symbol.asyncDispose]();
  if (existsSync(draft)) renameSync(draft, installation.classes);
}

/** Every Kafka to test with, newest first, got when it is missing and can be had. Needs the built packages. */
export async function obtainAll(say = console.log, wanted = versions) {
  const { kafkaInstallations } = await launchers();
  const missing = wanted.filter((version) => !existsSync(join(cache, "kafka", version)));
  const able = missing.length > 0 && quietly("mvn", ["-v"]).ok;
  for (const version of able ? missing : []) {
    say(`fetching Kafka ${version} into the project's cache (jars by Maven, nothing is installed) …`);
    const wrong = fromMaven(version);
    if (wrong) say(`Maven could not: ${wrong}`);
  }
  const installations = kafkaInstallations();
  for (const installation of installations) if (!existsSync(installation.classes)) await writeClasses(installation);
  return installations;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare();
  const all = process.argv.includes("--obtain");
  await runInForeground({
    name: "kafka",
    port: 9092,
    hint,
    obtain: async () => (await obtainAll(console.log, all ? versions : versions.slice(0, 1)))[0],
    start: async (port) => (await launchers()).startKafka({ own: true, port }),
  });
}
