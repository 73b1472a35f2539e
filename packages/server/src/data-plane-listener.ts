import type { Scope } from "@rouse/base";
import type { Engine } from "@rouse/broker";
import { decodeHttp } from "@rouse/events";
import Fastify from "fastify";
import type { ServerConfig } from "./config.ts";
import type { AppliedConfiguration } from "./configuration.ts";
import { listen } from "./listen.ts";
import type { OpenBrokers } from "./reconcile/open-brokers.ts";

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
  const { config, brokers, engine, scope } = parts;
  const app = Fastify({ forceCloseConnections: "idle", bodyLimit: engine.maxMessageBytes });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.get("/-/healthz", async () => "ok");
  app.post<{ Params: { ns: string; name: string } }>("/:ns/:name", async (request, reply) => {
    const broker = brokers.find(request.params.ns, request.params.name);
    if (!broker) return reply.code(404).send("no broker");
    const message = decodeHttp(request.raw.rawHeaders, (request.body as Buffer | undefined) ?? new Uint8Array(0));
    if (message.kind === "batch") return reply.code(400).send();
    const stored = await broker.append(message.event);
    return reply.code(202).header("rouse-event", stored.handle).send();
  });
  scope.defer(() => app.close());
  return { url: await listen(app, config.dataPlane, "http", "data plane") };
}
