import type { Scope } from "@rouse/base";
import { addIngress, type Engine } from "@rouse/broker";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { isLoopback, type ServerConfig } from "../config.ts";
import type { AppliedConfiguration } from "../configuration.ts";
import { listen } from "../listen.ts";
import type { OpenBrokers } from "../reconcile/open-brokers.ts";
import { sameSecret } from "../security/same-secret.ts";

const problemType = "application/problem+json";

/** What the data plane serves. */
export interface DataPlaneParts {
  readonly config: ServerConfig;
  readonly brokers: OpenBrokers;
  readonly configuration: AppliedConfiguration;
  readonly engine: Engine;
  readonly scope: Scope;
}

/** Opens the data plane: brokers at `/<namespace>/<name>`, health below `/-/`. The scope closes it. */
export async function openDataPlane(parts: DataPlaneParts): Promise<{ readonly url: string }> {
  const { config, brokers, configuration, engine, scope } = parts;
  const app = Fastify({
    forceCloseConnections: "idle",
    bodyLimit: engine.maxMessageBytes,
    frameworkErrors: (_failure, _request, reply: FastifyReply) =>
      void reply.code(404).type(problemType).send(noSuchPath),
  });
  app.get("/-/healthz", async () => "ok");
  if (config.dataPlaneToken !== undefined) demandToken(app, config.dataPlaneToken);
  await addIngress(app, {
    find: (namespace, name) => brokers.find(namespace, name),
    loaded: () => configuration.loaded,
  });
  scope.defer(() => app.close());
  return { url: await listen(app, config.dataPlane, "http", "data plane") };
}

/** The answer to a path that cannot even be read: a broken escape, a name longer than any can be. */
const noSuchPath = {
  type: "about:blank",
  title: "Not Found",
  status: 404,
  detail: "expected /<namespace>/<broker>, got a path that no broker can have",
  hint: "names are DNS labels of at most 63 characters",
};

/** Everybody who is not on this machine shows the token; health is told to all. */
function demandToken(app: FastifyInstance, token: string): void {
  app.addHook("onRequest", async (request, reply) => {
    const peer = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    if (isLoopback(peer) || request.url === "/-/healthz") return;
    if (sameSecret(request.headers.authorization ?? "", `Bearer ${token}`)) return;
    const detail = "the data plane takes events from other machines only with its bearer token";
    const problem = {
      type: "about:blank",
      title: "Unauthorized",
      status: 401,
      detail,
      hint: "send Authorization: Bearer <token>",
    };
    return reply.code(401).header("www-authenticate", "Bearer").type(problemType).send(problem);
  });
}
