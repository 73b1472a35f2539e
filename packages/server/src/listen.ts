import type { FastifyInstance } from "fastify";
import { isLoopback, type ListenAddress, type ServerConfig } from "./config.ts";
import { ServerFault } from "./server-fault.ts";

/** Refuses to put the admin listener where others can reach it without TLS and a token. */
export function refuseUnprotected(config: Pick<ServerConfig, "admin" | "adminAccess">): void {
  if (config.adminAccess.kind === "token" || isLoopback(config.admin.host)) return;
  throw new ServerFault(
    "SERVER_UNPROTECTED",
    `the admin listener would be open to everyone at ${config.admin.host}: expected a loopback address, or TLS and a token`,
    { hint: "bind it to 127.0.0.1, or run rouse up without --admin-insecure" },
  );
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
  return `${scheme}://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`;
}
