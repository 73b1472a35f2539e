import type { Clock, Scope } from "@rouse/base";
import { admit, kinds } from "@rouse/resources";
import Fastify, { type FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { answerFrameworkError, createAdminApi, guardAdmin } from "./api/admin-api.ts";
import type { AdminHooks } from "./api/options.ts";
import type { Reading } from "./api/view.ts";
import { domainChecks } from "./checks.ts";
import type { ServerConfig } from "./config.ts";
import { listen } from "./listen.ts";
import type { Metrics } from "./observe/metrics.ts";
import { addOperations, type OperationsPorts } from "./operations/operations-routes.ts";
import type { Redactor } from "./secrets/redactor.ts";
import type { Vault } from "./secrets/vault.ts";
import { adminToken } from "./security/admin-token.ts";
import { adminCertificate } from "./security/certificate.ts";
import type { Store } from "./store/port.ts";
import { version } from "./version.ts";

/** What the admin listener serves. */
export interface AdminParts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly scope: Scope;
  readonly store: Store;
  readonly vault: Vault;
  readonly hooks: AdminHooks;
  /** What statuses tell beside what is stored. */
  readonly reading: Reading;
  readonly metrics: Metrics;
  readonly ready: () => boolean;
  readonly operations: Omit<OperationsPorts, "redact">;
}

/** An open admin listener. */
export interface OpenAdmin {
  readonly url: string;
  readonly token: string | undefined;
  readonly certificate: string | undefined;
}

/** Opens the admin listener: objects, operations, metrics and health, behind its guard. The scope closes it. */
export async function openAdmin(parts: AdminParts): Promise<OpenAdmin> {
  const { config, clock, logger, redactor, scope } = parts;
  const protect = config.adminAccess.kind === "token";
  const token = protect ? await adminToken(config.dataDir) : undefined;
  const tls = protect ? await adminCertificate(config.dataDir, config.adminHosts, clock) : undefined;
  const options = { forceCloseConnections: true, frameworkErrors: answerFrameworkError };
  const app = tls ? (Fastify({ ...options, https: tls }) as unknown as FastifyInstance) : Fastify(options);
  const onError = (failure: unknown) => logger.error({ failure }, "a request to the admin listener failed");
  const guards = { hosts: config.adminHosts, ...(token === undefined ? {} : { token }) };
  guardAdmin(app, guards, onError, redactor.json);
  await app.register(
    createAdminApi({
      store: parts.store,
      vault: parts.vault,
      clock,
      random: parts.random,
      kinds,
      admit: (document, options) => admit(document, domainChecks, options),
      hooks: parts.hooks,
      reading: parts.reading,
      version,
    }),
  );
  addOperations(app, { ...parts.operations, redact: redactor.json });
  addHealth(app, parts.ready, parts.metrics);
  scope.defer(() => app.close());
  return {
    url: await listen(app, config.admin, tls ? "https" : "http", "admin listener"),
    token,
    certificate: tls?.cert,
  };
}

function addHealth(app: FastifyInstance, ready: () => boolean, metrics: Metrics): void {
  app.get("/healthz", async () => "ok");
  app.get("/readyz", async (_request, reply) => (ready() ? "ok" : reply.code(503).send("not ready")));
  app.get("/metrics", async (_request, reply) => {
    reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
}
