import { type CloudEvent, decodeHttp } from "@rouse/events";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Appended, BatchAnswer } from "./log-writer.ts";
import { type Problem, problemOf, problemOfFailure, problemType } from "./problem.ts";

/** Where an event is put that came in over HTTP. */
export interface Ingestible {
  readonly storage: "jetstream" | "memory";
  append(event: CloudEvent): Promise<Appended>;
  appendAll(events: readonly CloudEvent[]): Promise<BatchAnswer>;
  /** Resolves when a large body may be decoded; default: at once. */
  turn?(): Promise<void>;
}

/** The brokers that can be reached. */
export interface IngressBrokers {
  find(namespace: string, name: string): Ingestible | undefined;
  /** False while brokers may be missing that do exist: they are then unavailable, not unknown. Default true. */
  loaded?(): boolean;
}

interface Params {
  readonly namespace: string;
  readonly broker: string;
}

type IngressRequest = FastifyRequest<{ Params: Params }>;

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const allowed = "POST, OPTIONS";
/** Decoding less than this does not keep anybody waiting. */
const largeBytes = 4 * 1024;
const noBody = Buffer.alloc(0);
/** Handles in the answer to a batch: as many as surely fit into a header. */
const handlesMax = 100;
const pathHint = "events are posted to /<namespace>/<broker>, for example /default/default";

/**
 * Answers `POST /<namespace>/<broker>` and everything that is not that: knative's data plane (202 after storage, 400,
 * 404, 405, 413, 415, 503 with Retry-After), each refusal with a problem document. Bodies are limited by the instance's
 * `bodyLimit`. The not-found handler of the instance becomes the ingress's.
 */
export async function addIngress(app: FastifyInstance, brokers: IngressBrokers): Promise<void> {
  app.setNotFoundHandler(answerUnknownPath);
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.setErrorHandler(answerFailure);
    for (const url of ["/:namespace/:broker", "/:namespace/:broker/"]) {
      scope.post<{ Params: Params }>(url, (request, reply) => take(brokers, request, reply));
      scope.options(url, answerOptions);
      scope.route({ method: ["GET", "PUT", "PATCH", "DELETE"], url, handler: answerMethod });
    }
  });
}

async function take(brokers: IngressBrokers, request: IngressRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { broker: name, namespace } = request.params;
  const broker = label.test(namespace) && label.test(name) ? brokers.find(namespace, name) : undefined;
  if (!broker) return answerUnknownBroker(brokers, request.params, reply);
  const body = (request.body as Buffer | undefined) ?? noBody;
  try {
    if (body.length >= largeBytes) await broker.turn?.();
    const message = decodeHttp(request.raw.rawHeaders, body);
    if (broker.storage === "memory") reply.header("rouse-storage", "memory");
    if (message.kind === "event") return answerStored(reply, await broker.append(message.event));
    const answer = await broker.appendAll(message.events);
    return answer.failure === undefined ? answerBatch(reply, answer.stored) : answerPartBatch(reply, answer);
  } catch (failure) {
    const { problem, retryAfterMs } = problemOfFailure(failure);
    return answerProblem(reply, problem, retryAfterMs);
  }
}

function answerStored(reply: FastifyReply, appended: Appended): FastifyReply {
  reply.header("rouse-event", appended.handle);
  if (appended.duplicate) reply.header("rouse-duplicate", "true");
  return reply.code(202).send();
}

/** `Rouse-Duplicate` only when all were stored before. */
function answerBatch(reply: FastifyReply, stored: readonly Appended[]): FastifyReply {
  if (stored.length > 0) {
    const handles = stored.slice(0, handlesMax).map((one) => one.handle);
    reply.header("rouse-event", handles.join(", "));
    if (stored.every((one) => one.duplicate)) reply.header("rouse-duplicate", "true");
  }
  return reply.code(202).send();
}

/** Whatever the cause, the whole batch is to be sent again: what is stored already is recognised. */
function answerPartBatch(reply: FastifyReply, answer: BatchAnswer): FastifyReply {
  const { problem, retryAfterMs } = problemOfFailure(answer.failure);
  const hint = "send the whole batch again after the delay; events stored already are not stored twice";
  const part = { ...problemOf(503, problem.code, problem.detail, hint), stored: answer.stored.length };
  return answerProblem(reply, part, retryAfterMs ?? 1_000);
}

function answerUnknownBroker(brokers: IngressBrokers, { broker, namespace }: Params, reply: FastifyReply) {
  if (brokers.loaded && !brokers.loaded()) {
    const detail = "the configuration is still being loaded";
    return answerProblem(
      reply,
      problemOf(503, "BROKER_UNKNOWN", detail, "send the event again after the delay"),
      1_000,
    );
  }
  const detail = `there is no broker ${JSON.stringify(broker)} in namespace ${JSON.stringify(namespace)}`;
  return answerProblem(reply, problemOf(404, "BROKER_UNKNOWN", detail, `apply a Broker of that name; ${pathHint}`));
}

async function answerOptions(_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return reply.code(200).headers({ allow: allowed, "webhook-allowed-origin": "*", "webhook-allowed-rate": "*" }).send();
}

async function answerMethod(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.header("allow", allowed);
  return answerProblem(reply, problemOf(405, "METHOD_NOT_ALLOWED", `expected POST, got ${request.method}`, pathHint));
}

async function answerUnknownPath(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const [path = "/"] = request.url.split("?");
  if (/^\/[^/]+\/[^/]+\/?$/.test(path) && !path.startsWith("/-/")) return answerMethod(request, reply);
  const isOurs = path === "/" || path.startsWith("/-/");
  const detail = `expected a path of a namespace and a broker, got ${JSON.stringify(path.slice(0, 200))}`;
  return answerProblem(reply, problemOf(isOurs ? 404 : 400, "PATH_UNKNOWN", detail, pathHint));
}

/** What fastify found before an event could be read. */
function answerFailure(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE": {
      const hint = "send less, or a reference to the data; the limit follows the NATS server's max_payload";
      return answerProblem(reply, problemOf(413, "BODY_TOO_LARGE", "the body is larger than any event may be", hint));
    }
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return answerProblem(reply, problemOf(415, "EVENT_MEDIA_TYPE_UNSUPPORTED", "the content type cannot be read"));
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return answerProblem(reply, problemOf(400, "BODY_CUT_OFF", "the body is not as long as Content-Length says"));
    default: {
      const status = error.statusCode ?? 500;
      if (status >= 400 && status < 500)
        return answerProblem(reply, problemOf(status, "REQUEST_INVALID", error.message));
      return answerProblem(reply, problemOfFailure(error).problem);
    }
  }
}

function answerProblem(reply: FastifyReply, problem: Problem, retryAfterMs?: number): FastifyReply {
  if (retryAfterMs !== undefined) reply.header("retry-after", String(Math.ceil(retryAfterMs / 1_000)));
  return reply
    .code(problem.status)
    .header("content-type", problemType)
    .send(Buffer.from(JSON.stringify(problem)));
}
