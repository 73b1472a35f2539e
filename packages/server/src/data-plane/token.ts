import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopback } from "../config.ts";
import { sameSecret } from "../security/same-secret.ts";
import { answerProblem } from "./problem.ts";

/** Everybody who is not on this machine shows the token, unless `exempt` says that the request needs none. */
export function demandToken(app: FastifyInstance, token: string, exempt: (request: FastifyRequest) => boolean): void {
  app.addHook("onRequest", async (request, reply) => {
    const peer = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    if (isLoopback(peer) || request.url === "/-/healthz" || exempt(request)) return;
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
