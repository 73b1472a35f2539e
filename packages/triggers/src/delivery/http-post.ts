import { type Clock, messageOf } from "@rouse/base";
import type { Pool } from "undici";
import type { AbortFanout } from "./abort-fanout.ts";
import type { HttpOutcome, ResponseBody } from "./outcome.ts";
import type { Pools } from "./pools.ts";
import { claimsEvent, type ResponseHeaders, readReply, startMax } from "./reply.ts";
import { Cut, type Exchange, type ReadResponse, ResponseReader } from "./response-reader.ts";

/** One POST to be made. */
export interface PostRequest {
  /** Whose pool of connections is used: the trigger's uid. */
  readonly owner: string;
  /** The most connections of that pool. */
  readonly connections: number;
  readonly origin: string;
  readonly path: string;
  /** Names in lower case and values, in turn. */
  readonly headers: string[];
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
  readonly aborts: AbortFanout;
}

/** Codes of errors that come before a connection does: nothing can have been sent. */
const unreachedCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Codes of errors that mean that we closed the pool ourselves. */
const closedCodes: ReadonlySet<string> = new Set(["UND_ERR_DESTROYED", "UND_ERR_CLOSED"]);

/**
 * Makes one POST and says what happened. Never rejects; redirects are not followed. Once a status has come that needs
 * no body, a body that breaks off or stalls does not change it.
 */
export async function post(request: PostRequest, context: PostContext, signal: AbortSignal): Promise<HttpOutcome> {
  const { pools, clock, aborts } = context;
  if (signal.aborted || pools.isClosed) return { kind: "aborted" };
  const borrowed = pools.borrow(request.owner, request.origin, request.connections);
  const startedAt = clock.monotonic();
  let cutBy: "timeout" | "aborted" | undefined;
  const exchange = await new Promise<Exchange>((resolve) => {
    const cut = (reason: "timeout" | "aborted") => {
      cutBy ??= reason;
      reader.abort(new Cut(reason));
    };
    const keepMax = (status: number, headers: ResponseHeaders) =>
      isReply(status, headers, request) ? request.replyMax : startMax;
    const reader = new ResponseReader(keepMax, (ended) => {
      timer.cancel();
      unlisten();
      resolve(ended);
    });
    const timer = clock.setTimer(request.timeoutMs, () => cut("timeout"));
    const unlisten = aborts.listen(signal, () => cut("aborted"));
    send(borrowed.pool, request, reader);
  });
  borrowed.giveBack();
  return outcomeOf(exchange, request, cutBy, clock.monotonic() - startedAt);
}

function send(pool: Pool, { path, headers, body }: PostRequest, reader: ResponseReader): void {
  try {
    pool.dispatch({ method: "POST", path, headers, body }, reader);
  } catch (failure) {
    reader.abort(failure instanceof Error ? failure : new Error(messageOf(failure)));
  }
}

function outcomeOf(
  exchange: Exchange,
  request: PostRequest,
  cutBy: "timeout" | "aborted" | undefined,
  responseMs: number,
): HttpOutcome {
  const failure = exchange.kind === "failed" ? exchange.failure : exchange.response.broken;
  // A status that needs no body stands, however the body ended.
  if (
    exchange.kind === "failed" ||
    (failure && isReply(exchange.response.status, exchange.response.headers, request))
  ) {
    if (cutBy === "timeout") return { kind: "timeout", timeoutMs: request.timeoutMs };
    if (cutBy === "aborted") return { kind: "aborted" };
    const code = codeOf(failure);
    if (closedCodes.has(code)) return { kind: "aborted" };
    return { kind: "transport", code, message: messageOf(failure), unreached: unreachedCodes.has(code) };
  }
  const { response } = exchange;
  const { status, headers } = response;
  const retryAfter = typeof headers["retry-after"] === "string" ? headers["retry-after"] : undefined;
  return { kind: "response", status, retryAfter, body: bodyOf(response, request), responseMs };
}

/** True when the response says that it is an event, in the only place where a reply is looked for. */
function isReply(status: number, headers: ResponseHeaders, { wantsReply }: PostRequest): boolean {
  return wantsReply && status === 200 && claimsEvent(headers);
}

function bodyOf(response: ReadResponse, request: PostRequest): ResponseBody {
  const { status, headers, bytes } = response;
  if (isReply(status, headers, request)) return readReply(headers, response);
  const claimed = claimsEvent(headers);
  if (bytes.length === 0 && !claimed) return { kind: "none" };
  // Copied, because a few bytes in a failure would keep the whole of what was read from the socket.
  return { kind: "other", claimed, start: new Uint8Array(bytes) };
}

function codeOf(failure: unknown): string {
  const code = (failure as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "UNKNOWN";
}
