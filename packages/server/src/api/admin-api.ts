import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { versionDocument } from "./discovery.ts";
import { type GuardOptions, guard } from "./guard.ts";
import type { AdminApiOptions } from "./options.ts";
import { Routes } from "./routes.ts";
import { Refusal, toRefusal, unknownPath } from "./status.ts";
import { Watches } from "./watch.ts";

const bodyMaxBytesDefault = 3 * 1024 * 1024;

/**
 * Guards every route of the admin listener, those added elsewhere too, and makes Status objects of its errors and of
 * unknown paths; `redact` takes values of Secrets out of errors. To be called on the listener's own instance, before its
 * routes.
 */
export function guardAdmin(
  app: FastifyInstance,
  options: GuardOptions,
  onError: (failure: unknown) => void,
  redact: <T>(value: T) => T = (value) => value,
): void {
  app.addHook("onRequest", async (request) => {
    const { method, headers, socket } = request;
    const path = request.url.split("?")[0]!;
    guard({ method, path, headers, port: socket?.localPort, secure: request.protocol === "https" }, options);
  });
  app.setErrorHandler((failure, _request, reply) => {
    const refusal = toRefusal(failure);
    if (refusal.code === 500) onError(failure);
    return reply.code(refusal.code).headers(refusal.headers()).send(redact(refusal.status()));
  });
  app.setNotFoundHandler((_request, reply) => {
    const refusal = unknownPath();
    return reply.code(refusal.code).send(refusal.status());
  });
}

/**
 * For the `frameworkErrors` option of the listener's instance: a path that cannot be decoded is refused before any hook,
 * and is a Status nevertheless.
 */
export function answerFrameworkError(_failure: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const refusal = new Refusal("BadRequest", "the path of the request cannot be decoded");
  void reply.code(refusal.code).send(refusal.status());
}

/**
 * Serves the Kubernetes-style API at `/api`, `/apis` and `/version`, in a context of its own: bodies are taken as text
 * there. Watches end when the listener closes.
 */
export function createAdminApi(options: AdminApiOptions): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const watches = new Watches(options.store, options.clock, options.reading);
    const routes = new Routes(options, watches);
    app.addHook("preClose", async () => watches.close());
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
    app.get("/version", async () => versionDocument(options.version));
    for (const url of ["/api", "/api/*", "/apis", "/apis/*"]) {
      app.route({
        method: ["GET", "POST", "PUT", "PATCH", "DELETE"],
        url,
        bodyLimit: options.bodyMaxBytes ?? bodyMaxBytesDefault,
        handler: async (request, reply) => {
          const answer = await routes.answer(request, reply);
          if (!answer) return reply;
          warn(reply, answer.warnings);
          return reply.code(answer.code).send(answer.body);
        },
      });
    }
  };
}

function warn(reply: FastifyReply, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  // A header takes neither control characters nor what lies beyond Latin-1.
  const plain = warnings.map((text) => text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&"));
  reply.header(
    "warning",
    plain.map((text) => `299 - "${text}"`),
  );
}
