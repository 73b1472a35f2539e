import { type Clock, messageOf } from "@rouse/base";
import type { Dispatcher } from "undici";
import type { HttpOutcome, ResponseBody } from "./outcome.ts";
import type { Pools } from "./pools.ts";
import { claimsEvent, type ResponseHeaders, readReply, startMax } from "./reply.ts";
import { readBody } from "./response-body.ts";

/** One POST to be made. */
export interface PostRequest {
  /** Whose pool of connections is used: the trigger's uid. */
  readonly owner: string;
  /** The most connections of that pool. */
  readonly connections: number;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  /** From asking for a connection to the end of the response. */
  readonly timeoutMs: number;
  /** A larger reply is cut off; bytes. */
  readonly replyMax: number;
  /** False: nobody wants a reply, none is read. */
  readonly wantsReply: boolean;
}

/** What a POST needs of its surroundings. */
export interface PostContext {
  readonly pools: Pools;
  readonly clock: Clock;
}

/** Codes of errors that come before a connection does: nothing can have been sent. */
const unreachedCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ENOENT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/**
 * Makes one POST and says what happened. Never rejects; redirects are not followed. Once a status has come that needs
 * no body, a body that breaks off or stalls does not change it.
 */
export async function post(request: PostRequest, context: PostContext, signal: AbortSignal): Promise<HttpOutcome> {
  const { pools, clock } = context;
  if (signal.aborted) return { kind: "aborted" };
  const controller = new AbortController();
  let timedOut = false;
  const abort = () => controller.abort();
  const timer = clock.setTimer(request.timeoutMs, () => {
    timedOut = true;
    abort();
  });
  signal.addEventListener("abort", abort, { once: true });
  const borrowed = pools.borrow(request.owner, request.url.origin, request.connections);
  const startedAt = clock.monotonic();
  try {
    const response = await borrowed.pool.request({
      method: "POST",
      path: request.url.pathname + request.url.search,
      headers: request.headers,
      body: request.body,
      signal: controller.signal,
    });
    const { statusCode: status, headers } = response;
    const body = await bodyOf(response, request);
    const retryAfter = typeof headers["retry-after"] === "string" ? headers["retry-after"] : undefined;
    return { kind: "response", status, retryAfter, body, responseMs: clock.monotonic() - startedAt };
  } catch (failure) {
    if (timedOut) return { kind: "timeout", timeoutMs: request.timeoutMs };
    if (signal.aborted) return { kind: "aborted" };
    return transportOutcome(failure);
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", abort);
    borrowed.giveBack();
  }
}

async function bodyOf(response: Dispatcher.ResponseData, request: PostRequest): Promise<ResponseBody> {
  const headers: ResponseHeaders = response.headers;
  const claimed = claimsEvent(headers);
  if (response.statusCode === 200 && claimed && request.wantsReply) {
    return readReply(headers, await readBody(response.body, request.replyMax));
  }
  let start: Uint8Array = new Uint8Array(0);
  try {
    start = (await readBody(response.body, startMax)).bytes;
  } catch {
    // The status has been given, and it alone decides here.
  }
  return start.length === 0 && !claimed ? { kind: "none" } : { kind: "other", claimed, start };
}

function transportOutcome(failure: unknown): HttpOutcome {
  const code = codeOf(failure);
  return { kind: "transport", code, message: messageOf(failure), unreached: unreachedCodes.has(code) };
}

function codeOf(failure: unknown): string {
  const code = (failure as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "UNKNOWN";
}
