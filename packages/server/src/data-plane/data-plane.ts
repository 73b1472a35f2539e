import { type Clock, type Scope, systemClock } from "@rouse/base";
import { addIngress, type Engine, problemType } from "@rouse/broker";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { ServerConfig } from "../config.ts";
import type { AppliedConfiguration } from "../configuration.ts";
import { listen } from "../listen.ts";
import type { OpenBrokers } from "../reconcile/open-brokers.ts";
import { answerClientError } from "./client-error.ts";
import { addEventRoutes } from "./event-routes.ts";
import { addHookRoutes, isVerifiedByHook } from "./hook-routes.ts";
import { type Lookups, nothing } from "./lookups.ts";
import { ServiceRoutes } from "./service-routes.ts";
import { demandToken } from "./token.ts";

/** A request that takes longer to arrive is given up: hooks are there for the whole world, slow senders included. */
const arrivalMaxMs = 60_000;
const arrivalCheckMs = 30_000;
const defaultGraceMs = 5_000;

/** What the data plane serves. */
export interface DataPlaneParts extends Partial<Omit<Lookups, "loaded">> {
  readonly config: Pick<ServerConfig, "dataPlane" | "dataPlaneToken">;
  readonly brokers: Pick<OpenBrokers, "find">;
  readonly configuration: Pick<AppliedConfiguration, "loaded">;
  readonly engine: Pick<Engine, "kind" | "maxMessageBytes">;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** How long a request may take to arrive, calls of Services aside; default 60,000. */
  readonly arrivalMaxMs?: number;
  /** How long calls of Services have when the data plane closes; default 5,000. */
  readonly graceMs?: number;
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
 * The data plane before it listens: brokers at `/<namespace>/<name>`; hooks, services, sinks, inlets and health below
 * `/-/`; services under host names of their own, too. What is left out of the lookups is answered 404.
 */
export async function createDataPlane(parts: DataPlaneParts): Promise<FastifyInstance> {
  const { config, brokers, configuration, engine, clock = systemClock, graceMs = defaultGraceMs } = parts;
  const loaded = () => configuration.loaded;
  const { hooks = nothing.hooks, outlets = nothing.outlets, inlets = nothing.inlets } = parts;
  const { services = nothing.services } = parts;
  const lookups: Lookups = { hooks, outlets, inlets, services, loaded };
  const token = config.dataPlaneToken;
  const serviceRoutes = new ServiceRoutes({ lookups, token, clock, graceMs });
  const requestTimeout = parts.arrivalMaxMs ?? arrivalMaxMs;
  const app = Fastify({
    forceCloseConnections: "idle",
    bodyLimit: engine.maxMessageBytes,
    requestTimeout,
    // Node takes the smaller of the two for the headers' and the larger for the request's.
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: Math.min(arrivalCheckMs, requestTimeout / 2) },
    rewriteUrl: serviceRoutes.rewrite,
    clientErrorHandler: (failure, socket) => answerClientError(failure, socket, serviceRoutes.mayBeSlow),
    frameworkErrors: (_failure, _request, reply: FastifyReply) =>
      void reply.code(404).type(problemType).send(noSuchPath),
  });
  app.get("/-/healthz", async () => "ok");
  if (token !== undefined) {
    demandToken(app, token, (request) => serviceRoutes.concerns(request) || isVerifiedByHook(lookups, request));
  }
  await serviceRoutes.addTo(app);
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
