import type { Scope } from "@rouse/base";
import { addIngress, type Engine, problemType } from "@rouse/broker";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { ServerConfig } from "../config.ts";
import type { AppliedConfiguration } from "../configuration.ts";
import { listen } from "../listen.ts";
import type { OpenBrokers } from "../reconcile/open-brokers.ts";
import { addEventRoutes } from "./event-routes.ts";
import { addHookRoutes, isVerifiedByHook } from "./hook-routes.ts";
import { type Lookups, nothing } from "./lookups.ts";
import { demandToken } from "./token.ts";

/** A request that takes longer to arrive is given up: hooks are there for the whole world, slow senders included. */
const requestTimeoutMs = 60_000;

/** What the data plane serves. */
export interface DataPlaneParts extends Partial<Omit<Lookups, "loaded">> {
  readonly config: Pick<ServerConfig, "dataPlane" | "dataPlaneToken">;
  readonly brokers: Pick<OpenBrokers, "find">;
  readonly configuration: Pick<AppliedConfiguration, "loaded">;
  readonly engine: Pick<Engine, "kind" | "maxMessageBytes">;
}

/** Opens the data plane. The scope closes it. */
export async function openDataPlane(
  parts: DataPlaneParts & { readonly scope: Scope },
): Promise<{ readonly url: string }> {
  const app = await createDataPlane(parts);
  parts.scope.defer(() => app.close());
  return { url: await listen(app, parts.config.dataPlane, "http", "data plane") };
}

/**
 * The data plane before it listens: brokers at `/<namespace>/<name>`; hooks, sinks, inlets and health below `/-/`. What
 * is left out of hooks, outlets and inlets is answered 404.
 */
export async function createDataPlane(parts: DataPlaneParts): Promise<FastifyInstance> {
  const { config, brokers, configuration, engine } = parts;
  const app = Fastify({
    forceCloseConnections: "idle",
    bodyLimit: engine.maxMessageBytes,
    requestTimeout: requestTimeoutMs,
    frameworkErrors: (_failure, _request, reply: FastifyReply) =>
      void reply.code(404).type(problemType).send(noSuchPath),
  });
  const loaded = () => configuration.loaded;
  const { hooks = nothing.hooks, outlets = nothing.outlets, inlets = nothing.inlets } = parts;
  const lookups: Lookups = { hooks, outlets, inlets, loaded };
  app.get("/-/healthz", async () => "ok");
  if (config.dataPlaneToken !== undefined) {
    demandToken(app, config.dataPlaneToken, (request) => isVerifiedByHook(lookups, request));
  }
  await addHookRoutes(app, lookups, engine.kind);
  await addEventRoutes(app, lookups);
  await addIngress(app, { find: (namespace, name) => brokers.find(namespace, name), loaded });
  return app;
}

/** The answer to a path that cannot even be read: a broken escape, a name longer than any can be. */
const noSuchPath = {
  type: "about:blank",
  title: "Not Found",
  status: 404,
  detail: "expected /<namespace>/<broker>, got a path that no broker can have",
  hint: "names are DNS labels of at most 63 characters",
};
