import type { FastifyInstance } from "fastify";
import { isLoopback, type ListenAddress, type ServerConfig } from "./config.ts";
import { ServerFault } from "./server-fault.ts";

type Protected = Pick<ServerConfig, "admin" | "adminAccess" | "dataPlane" | "dataPlaneToken">;

/** Refuses to put a listener where others can reach it unprotected. Throws SERVER_UNPROTECTED. */
export function refuseUnprotected(config: Protected): void {
  const { admin, adminAccess, dataPlane, dataPlaneToken } = config;
  if (adminAccess.kind === "open" && !isLoopback(admin.host)) {
    throw new ServerFault(
      "SERVER_UNPROTECTED",
      `the admin listener would be open to everyone at ${admin.host}: expected a loopback address, or TLS and a token`,
      { hint: "bind it to 127.0.0.1, or run rouse up without --admin-insecure" },
    );
  }
  if (dataPlaneToken === undefined && !isLoopback(dataPlane.host)) {
    throw new ServerFault(
      "SERVER_UNPROTECTED",
      `the data plane would be open to everyone at ${dataPlane.host}: expected a loopback address, or a token`,
      { hint: "bind it to 127.0.0.1, or give a token with --data-plane-token-file" },
    );
  }
}

/** Binds a listener and gives its URL. Throws SERVER_PORT_TAKEN or SERVER_CANNOT_LISTEN. */
export async function listen(
  app: FastifyInstance,
  address: ListenAddress,
  scheme: "http" | "https",
  what: string,
): Promise<string> {
  const { host, port } = address;
  try {
    await app.listen({ host, port });
  } catch (failure) {
    const code = (failure as NodeJS.ErrnoException).code;
    if (code === "EADDRINUSE") {
      throw new ServerFault("SERVER_PORT_TAKEN", `the ${what} cannot listen on ${host}:${port}: something else does`, {
        hint: `stop what listens there, or choose another port (0: any free one)`,
        cause: failure,
      });
    }
    throw new ServerFault(
      "SERVER_CANNOT_LISTEN",
      `the ${what} cannot listen on ${host}:${port}: ${code ?? String(failure)}`,
      {
        hint: "give an address of this machine and a port that may be used",
        cause: failure,
      },
    );
  }
  const bound = app.server.address();
  if (bound === null || typeof bound === "string") return `${scheme}://${host}:${port}`;
  return `${scheme}://${reachable(bound.address)}:${bound.port}`;
}

/** The name under which this machine reaches an address that it is bound to: "any" is no address to connect to. */
function reachable(address: string): string {
  if (address === "0.0.0.0" || address === "::") return "127.0.0.1";
  return address.includes(":") ? `[${address}]` : address;
}
