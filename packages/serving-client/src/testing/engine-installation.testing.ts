import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, shelvedVersions } from "./cache-folder.testing.ts";

/** The engines that can be started here. */
export type EngineName = "docker" | "podman";

/** A container engine unpacked into the project's cache. */
export interface EngineInstallation {
  readonly name: EngineName;
  readonly version: string;
  /** Folder that stands for `/`: has `usr/bin`, `usr/sbin`, `bin/busybox`, `usr/bin/tini-static`. */
  readonly root: string;
}

/** How a person gets one. */
export const engineHint =
  "run node scripts/container-engine.mjs as root on Debian, or name an engine in DOCKER_HOST (unix:///var/run/docker.sock)";

/** How a person gets the second engine. */
export const podmanHint =
  "run node scripts/container-engine.mjs --engine podman --obtain as root on Debian, or start podman system service and name " +
  "its socket in DOCKER_HOST";

const daemons: Readonly<Record<EngineName, string>> = { docker: "usr/sbin/dockerd", podman: "usr/bin/podman" };

/** Every unpacked version of an engine, newest first, whether or not this user may start it. */
export function engineInstallations(name: EngineName = "docker"): readonly EngineInstallation[] {
  return shelvedVersions(name)
    .map((version) => ({ name, version, root: join(cacheFolder(), name, version) }))
    .filter(({ root }) => existsSync(join(root, daemons[name])));
}

/** Socket of the engine that DOCKER_HOST names; undefined without it. Throws when it names anything but a socket. */
export function givenSocket(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const given = env.DOCKER_HOST;
  if (!given) return undefined;
  if (!given.startsWith("unix:///")) throw new Error(`expected DOCKER_HOST to be unix:///<path>, got ${given}`);
  return given.slice("unix://".length);
}

/** What {@link findEngine} found. */
export interface FoundEngine {
  /** `given` by DOCKER_HOST; `installed` in the project's cache, with root to start it. */
  readonly kind: "given" | "installed";
  /** `given` for the engine of DOCKER_HOST. */
  readonly version: string;
}

/**
 * What `startEngine` would use, for `describe.skipIf(!findEngine())`. With `own` the engine of DOCKER_HOST does not count:
 * for tests that stop it. An engine of our own needs root.
 */
export function findEngine({
  own = false,
  engine = "docker",
}: {
  readonly own?: boolean;
  readonly engine?: EngineName;
} = {}): FoundEngine | undefined {
  if (!own && engine === "docker" && givenSocket() !== undefined) return { kind: "given", version: "given" };
  const [newest] = process.getuid?.() === 0 ? engineInstallations(engine) : [];
  return newest && { kind: "installed", version: newest.version };
}
