import { messageOf } from "@rouse/base";
import { type CloudEvent, decodeHttp } from "@rouse/events";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isName, type Lookups, outletPlurals } from "./lookups.ts";
import { answerProblem, stillLoading } from "./problem.ts";
import { bodyOf, takeRawBodies } from "./raw-bodies.ts";

/** What became of an event, in the words that outlets and inlets share. */
type TakeAnswer =
  | { readonly kind: "stored"; readonly duplicate?: boolean; readonly handle?: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unavailable"; readonly reason: string; readonly retryAfterMs: number };

type Take = (event: CloudEvent) => Promise<TakeAnswer>;

interface Params {
  readonly namespace: string;
  readonly name: string;
  readonly plural?: string;
}

/** What stands at an address: where it takes events, and what people call it. */
interface Place {
  readonly url: string;
  readonly what: (params: Params) => string;
  readonly find: (params: Params) => Take | undefined;
}

type EventRoute = { Params: Params };
const allowed = "POST, OPTIONS";
const failedRetryMs = 1_000;
/** Handles in the answer to a batch: as many as surely fit into a header. */
const handlesMax = 100;

/**
 * Takes CloudEvents (binary, structured, in batches) for sinks at `/-/<plural>/<namespace>/<name>` and for the children
 * of sources at `/-/sources/<namespace>/<plural>/<name>`, with the answers of a broker's ingress.
 */
export async function addEventRoutes(app: FastifyInstance, lookups: Lookups): Promise<void> {
  await app.register(async (scope) => {
    takeRawBodies(scope);
    for (const place of placesOf(lookups)) {
      for (const url of [place.url, `${place.url}/`]) {
        scope.post<EventRoute>(url, (request, reply) => receive(place, lookups, request, reply));
        scope.options(url, answerOptions);
        scope.route({ method: ["GET", "PUT", "PATCH", "DELETE"], url, handler: answerMethod });
      }
    }
  });
}

function placesOf({ outlets, inlets }: Lookups): readonly Place[] {
  const sinks = outletPlurals.map(
    (plural): Place => ({
      url: `/-/${plural}/:namespace/:name`,
      what: () => plural,
      find: ({ namespace, name }) => {
        const outlet = outlets.find(plural, namespace, name);
        return outlet && ((event) => outlet.send(event));
      },
    }),
  );
  const inlet: Place = {
    url: "/-/sources/:namespace/:plural/:name",
    what: ({ plural }) => plural ?? "",
    find: ({ namespace, name, plural = "" }) => {
      const found = inlets.find(plural, namespace, name);
      return found && ((event) => found.append(event));
    },
  };
  return [...sinks, inlet];
}

async function receive(
  place: Place,
  lookups: Lookups,
  request: FastifyRequest<EventRoute>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { namespace, name } = request.params;
  const take = isName(namespace) && isName(name) ? place.find(request.params) : undefined;
  if (take === undefined) {
    if (!lookups.loaded()) return answerProblem(reply, stillLoading);
    const what = place.what(request.params);
    const detail = `there is nothing called ${JSON.stringify(name)} among the ${what} of namespace ${JSON.stringify(namespace)}`;
    return answerProblem(reply, {
      status: 404,
      code: "SERVER_SINK_UNKNOWN",
      detail,
      hint: "apply it, or mend the path",
    });
  }
  const message = decodeHttp(request.raw.rawHeaders, bodyOf(request));
  return takeAll(take, message.kind === "batch" ? message.events : [message.event], reply);
}

/** One after the other, so that a batch keeps its order; the first that is not stored ends it. */
async function takeAll(take: Take, events: readonly CloudEvent[], reply: FastifyReply): Promise<FastifyReply> {
  const handles: string[] = [];
  let duplicates = 0;
  for (const [at, event] of events.entries()) {
    const answer = await takeOne(take, event);
    if (answer.kind !== "stored") return answerRefused(answer, events.length > 1 ? at : undefined, reply);
    if (answer.handle !== undefined) handles.push(answer.handle);
    if (answer.duplicate) duplicates += 1;
  }
  if (handles.length > 0) reply.header("rouse-event", handles.slice(0, handlesMax).join(", "));
  if (duplicates > 0 && duplicates === events.length) reply.header("rouse-duplicate", "true");
  return reply.code(202).send();
}

async function takeOne(take: Take, event: CloudEvent): Promise<TakeAnswer> {
  try {
    return await take(event);
  } catch (thrown) {
    return { kind: "unavailable", reason: messageOf(thrown), retryAfterMs: failedRetryMs };
  }
}

function answerRefused(
  answer: Exclude<TakeAnswer, { readonly kind: "stored" }>,
  stored: number | undefined,
  reply: FastifyReply,
): FastifyReply {
  const part = stored === undefined ? {} : { stored };
  const detail = answer.reason;
  if (answer.kind === "refused") {
    const hint = "the detail says what cannot be taken; sending the same again does not help";
    return answerProblem(reply, { status: 413, code: "SERVER_SINK_REFUSED", detail, hint, ...part });
  }
  const { retryAfterMs } = answer;
  const hint = "nothing is wrong with the event; send it again after the delay";
  return answerProblem(reply, { status: 503, code: "SERVER_SINK_UNAVAILABLE", detail, hint, retryAfterMs, ...part });
}

async function answerOptions(_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return reply.code(200).headers({ allow: allowed, "webhook-allowed-origin": "*", "webhook-allowed-rate": "*" }).send();
}

async function answerMethod(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.header("allow", allowed);
  const hint = "events are posted";
  return answerProblem(reply, {
    status: 405,
    code: "METHOD_NOT_ALLOWED",
    detail: `expected POST, got ${request.method}`,
    hint,
  });
}
