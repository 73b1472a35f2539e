import type { Scope } from "@rouse/base";
import { addIngress, type Engine } from "@rouse/broker";
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
  const { config, brokers, configuration, engine, scope } = parts;
  const app = Fastify({ forceCloseConnections: "idle", bodyLimit: engine.maxMessageBytes });
  app.get("/-/healthz", async () => "ok");
  await addIngress(app, {
    find: (namespace, name) => brokers.find(namespace, name),
    loaded: () => configuration.loaded,
  });
  scope.defer(() => app.close());
  return { url: await listen(app, config.dataPlane, "http", "data plane") };
}
