import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopback } from "../config.ts";
import { sameSecret } from "../security/same-secret.ts";
import { answerProblem, type Refusal } from "./problem.ts";

/** Goes with the header `WWW-Authenticate: Bearer`. */
export const tokenMissing: Refusal = {
  status: 401,
  code: "TOKEN_MISSING",
  detail: "the data plane takes events from other machines only with its bearer token",
  hint: "send Authorization: Bearer <token>",
};

/** Everybody who is not on this machine shows the token, unless `exempt` says that the request needs none. */
export function demandToken(app: FastifyInstance, token: string, exempt: (request: FastifyRequest) => boolean): void {
  app.addHook("onRequest", async (request, reply) => {
    if (isFromHere(request.raw) || request.url === "/-/healthz" || exempt(request)) return;
    if (bearsToken(request.raw, token)) return;
    reply.header("www-authenticate", "Bearer");
    return answerProblem(reply, tokenMissing);
  });
}

/** True for a request that shows the token; the scheme in any case (RFC 9110, 11.1). */
export function bearsToken({ headers }: Pick<IncomingMessage, "headers">, token: string): boolean {
  const [, given = ""] = /^bearer +(.*)$/i.exec(headers.authorization ?? "") ?? [];
  return sameSecret(given, token);
}

/**
 * True for senders on this machine: from loopback, or from the very address that is called, as a delivery of ours to a
 * listener that is bound to one address of this machine comes from that address.
 */
export function isFromHere({ socket }: Pick<IncomingMessage, "socket">): boolean {
  const peer = bareAddress(socket.remoteAddress);
  return isLoopback(peer) || (socket.localAddress !== undefined && bareAddress(socket.localAddress) === peer);
}

/** An IPv4 address in its own form, also where it came in as one of IPv6. */
export function bareAddress(address: string | undefined): string {
  return (address ?? "unknown").replace(/^::ffff:/, "");
}
