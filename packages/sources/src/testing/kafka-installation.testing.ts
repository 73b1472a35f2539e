import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, shelvedVersions } from "./cache-folder.testing.ts";

/** The jars of one Kafka version in the project's cache, and a Java that runs them. */
export interface KafkaInstallation {
  readonly version: string;
  readonly libs: string;
  readonly java: string;
  /** Where Java keeps the classes that a start loads, read and checked beforehand; saves a third of the time of a start. */
  readonly classes: string;
}

/** How a person gets one. */
export const kafkaHint =
  "run node scripts/kafka-server.mjs, which needs Java 17 or newer and Maven, or name a server in KAFKA_BOOTSTRAP (host:port)";

/** Every Kafka version that can be started here, newest first. */
export function kafkaInstallations(): readonly KafkaInstallation[] {
  const versions = shelvedVersions("kafka");
  const java = versions.length === 0 ? undefined : findJava();
  if (java === undefined) return [];
  return versions
    .map((version) => ({ version, folder: join(cacheFolder(), "kafka", version) }))
    .map(({ version, folder }) => ({
      version,
      java: java.program,
      libs: join(folder, "libs"),
      classes: join(folder, "classes.jsa"),
    }))
    .filter(({ version, libs }) => java.major >= (version.startsWith("3.") ? 11 : 17) && existsSync(libs));
}

/**
 * What {@link startKafka} would use, for `describe.skipIf(!findKafka())`. With `own` a server given in KAFKA_BOOTSTRAP
 * does not count: for tests that stop it or want its SASL and TLS listeners.
 */
export function findKafka({ own = false } = {}): { readonly kind: "given" | "installed" } | undefined {
  if (!own && process.env.KAFKA_BOOTSTRAP) return { kind: "given" };
  return kafkaInstallations().length === 0 ? undefined : { kind: "installed" };
}

function findJava(): { readonly program: string; readonly major: number } | undefined {
  const program = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, "bin", "java") : "java";
  const { status, stderr } = spawnSync(program, ["-version"], { encoding: "utf8" });
  const major = Number(/version "(\d+)/.exec(stderr ?? "")?.[1]);
  return status === 0 && major >= 11 ? { program, major } : undefined;
}
