import type { HookAnswer } from "@rouse/sources";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Hook, isName, type Lookups } from "./lookups.ts";
import { answerProblem, type Refusal, stillLoading } from "./problem.ts";
import { bodyOf, takeRawBodies } from "./raw-bodies.ts";

interface Params {
  readonly namespace: string;
  readonly name: string;
}

type HookRoute = { Params: Params };
type HookLookups = Pick<Lookups, "hooks" | "loaded">;

const urls = ["/-/hooks/:namespace/:name", "/-/hooks/:namespace/:name/"];

/** Why it does not run is for its status, not for whoever sends from outside. */
const notRunning: Refusal = {
  status: 503,
  code: "SOURCE_HOOK_UNAVAILABLE",
  detail: "the source does not run at the moment",
  hint: "send the delivery again after the delay",
  retryAfterMs: 10_000,
};

/**
 * Hands what comes in for `/-/hooks/<namespace>/<name>` to the HttpSource of that name, by any method. Which one that is
 * is decided before the body is read: it is the one by which the token was demanded or not.
 */
export async function addHookRoutes(app: FastifyInstance, lookups: HookLookups, storage: string): Promise<void> {
  await app.register(async (scope) => {
    takeRawBodies(scope);
    scope.addHook<HookRoute>("onRequest", async (request, reply) => {
      if (hookFor(lookups, request) === undefined) return answerUnknown(lookups, request.params, reply);
    });
    for (const url of urls) {
      scope.route<HookRoute>({
        method: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        url,
        handler: (request, reply) => receive(hookFor(lookups, request)!, storage, request, reply),
      });
    }
  });
}

/**
 * True for a request that needs no token: it is for a hook that believes signatures alone, and whoever sends a webhook
 * has no token of ours. While nothing is known or runs yet, everybody is told to come again.
 */
export function isVerifiedByHook(lookups: HookLookups, request: FastifyRequest): boolean {
  if (!urls.includes(request.routeOptions.url ?? "")) return false;
  const params = request.params as Params;
  const hook = hookFor(lookups, request);
  return hook === undefined ? !lookups.loaded() || isDeclared(lookups, params) : hook.verifies;
}

async function receive(
  hook: Hook,
  storage: string,
  request: FastifyRequest<HookRoute>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const at = request.url.indexOf("?");
  const answer = await hook.receive(
    {
      method: request.method,
      path: at < 0 ? request.url : request.url.slice(0, at),
      query: new URLSearchParams(at < 0 ? "" : request.url.slice(at + 1)),
      headers: request.raw.rawHeaders,
      body: bodyOf(request),
    },
    gone.signal,
  );
  if (storage === "memory" && answer.headers["rouse-event"] !== undefined) reply.header("rouse-storage", "memory");
  return render(answer, reply);
}

const found = new WeakMap<FastifyRequest, { readonly hook: Hook | undefined }>();

/** The hook that a request is for, looked up once: one that starts between two looks may ask for the token. */
function hookFor({ hooks }: HookLookups, request: FastifyRequest): Hook | undefined {
  const known = found.get(request);
  if (known !== undefined) return known.hook;
  const { namespace, name } = request.params as Params;
  const hook = isName(namespace) && isName(name) ? hooks.find(namespace, name) : undefined;
  found.set(request, { hook });
  return hook;
}

function isDeclared({ hooks }: HookLookups, { namespace, name }: Params): boolean {
  return isName(namespace) && isName(name) && (hooks.declared?.(namespace, name) ?? false);
}

function answerUnknown(lookups: HookLookups, params: Params, reply: FastifyReply): FastifyReply {
  const { namespace, name } = params;
  if (!lookups.loaded()) return answerProblem(reply, stillLoading);
  if (isDeclared(lookups, params)) return answerProblem(reply, notRunning);
  return answerProblem(reply, {
    status: 404,
    code: "SOURCE_HOOK_UNKNOWN",
    detail: `there is no HttpSource ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`,
    hint: "apply an HttpSource of that name; webhooks are posted to /-/hooks/<namespace>/<name>",
  });
}

function render({ status, headers, body }: HookAnswer, reply: FastifyReply): FastifyReply {
  reply.headers(headers);
  switch (body.kind) {
    case "none":
      return reply.code(status).send();
    case "text":
      return reply.code(status).send(body.text);
    case "problem":
      return answerProblem(reply, { status, ...body.problem });
    default: {
      const unknown: never = body;
      return unknown;
    }
  }
}
