import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopback } from "../config.ts";
import { sameSecret } from "../security/same-secret.ts";
import { answerProblem } from "./problem.ts";

/** Everybody who is not on this machine (from loopback, or from the very address that is called) shows the token, unless `exempt` says that the request needs none. */
export function demandToken(app: FastifyInstance, token: string, exempt: (request: FastifyRequest) => boolean): void {
  app.addHook("onRequest", async (request, reply) => {
    const peer = bare(request.socket.remoteAddress);
    if (isLoopback(peer) || isOwn(request) || request.url === "/-/healthz" || exempt(request)) return;
    if (sameSecret(request.headers.authorization ?? "", `Bearer ${token}`)) return;
    reply.header("www-authenticate", "Bearer");
    return answerProblem(reply, {
      status: 401,
      code: "TOKEN_MISSING",
      detail: "the data plane takes events from other machines only with its bearer token",
      hint: "send Authorization: Bearer <token>",
    });
  });
}

/** A delivery of ours to a listener that is bound to one address of this machine comes from that address. */
function isOwn({ socket }: FastifyRequest): boolean {
  return socket.localAddress !== undefined && bare(socket.localAddress) === bare(socket.remoteAddress);
}

function bare(address: string | undefined): string {
  return (address ?? "unknown").replace(/^::ffff:/, "");
}
