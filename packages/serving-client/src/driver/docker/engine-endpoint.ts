import { homedir } from "node:os";
import { join } from "node:path";

/** Where an engine may be reached. */
export type EngineEndpoint =
  | { readonly kind: "socket"; readonly path: string }
  /** An engine on a port of this machine; with TLS when the environment says so. */
  | { readonly kind: "address"; readonly url: string }
  /** Named, but of no use: its containers cannot be reached from here. */
  | { readonly kind: "refused"; readonly message: string };

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Where to look for an engine, in order: the socket that is asked for, else DOCKER_HOST, else the usual sockets of Docker and
 * of Podman, those of the user included.
 */
export function engineEndpoints(
  socketPath: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  home = homedir(),
): readonly EngineEndpoint[] {
  if (socketPath !== undefined) return [{ kind: "socket", path: socketPath }];
  const given = environment.DOCKER_HOST;
  if (given) return [givenEndpoint(given)];
  const runtime = environment.XDG_RUNTIME_DIR;
  return [
    "/var/run/docker.sock",
    join(home, ".docker/run/docker.sock"),
    ...(runtime ? [join(runtime, "docker.sock"), join(runtime, "podman/podman.sock")] : []),
    "/run/podman/podman.sock",
    join(home, ".local/share/containers/podman/machine/podman.sock"),
  ].map((path) => ({ kind: "socket", path }));
}

function givenEndpoint(given: string): EngineEndpoint {
  if (given.startsWith("unix://")) return { kind: "socket", path: given.slice("unix://".length) };
  const url = given.includes("://") ? given : `tcp://${given}`;
  const host = URL.canParse(url) ? new URL(url.replace(/^tcp:/, "http:")).hostname : "";
  if (/^(tcp|https?):/.test(url) && loopback.test(host)) return { kind: "address", url };
  return {
    kind: "refused",
    message: `DOCKER_HOST is ${given}, and the containers of an engine on another machine cannot be reached from here`,
  };
}
