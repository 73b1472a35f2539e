import { STATUS_CODES } from "node:http";
import { type Problem, problemType } from "@rouse/broker";
import { EventFault } from "@rouse/events";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";

/** A refusal without what follows from its status. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint?: string | undefined;
  /** Rounded up to seconds. */
  readonly retryAfterMs?: number;
  /** After a batch that was taken in part: how many of its events were. */
  readonly stored?: number;
}

/** A refusal as it goes over the wire. */
export interface RenderedRefusal {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The problem document of a refusal (RFC 9457), in the form of the ingress. */
export function renderProblem(refusal: Refusal): RenderedRefusal {
  const { status, code, detail, hint, retryAfterMs, stored } = refusal;
  const problem: Problem = {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(stored === undefined ? {} : { stored }),
  };
  const headers: Record<string, string> = { "content-type": problemType };
  if (retryAfterMs !== undefined) headers["retry-after"] = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  return { headers, body: Buffer.from(JSON.stringify(problem)) };
}

/** Answers with a problem document. */
export function answerProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { headers, body } = renderProblem(refusal);
  return reply.code(refusal.status).headers(headers).send(body);
}

/** What is there may not have been loaded yet. */
export const stillLoading: Refusal = {
  status: 503,
  code: "SERVER_LOADING",
  detail: "the configuration is still being loaded",
  hint: "send it again after the delay",
  retryAfterMs: 1_000,
};

/** The refusal of what is no event. */
export function refusalOfEvent(fault: EventFault): Refusal {
  const { code, message: detail, hint } = fault;
  const status = code === "EVENT_MEDIA_TYPE_UNSUPPORTED" ? 415 : code === "EVENT_TOO_LARGE" ? 413 : 400;
  return { status, code, detail, hint };
}

/** The answer to what fastify found before a handler was asked, and to what a handler threw. */
export function answerFailure(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof EventFault) return answerProblem(reply, refusalOfEvent(error));
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE": {
      const hint = "send less, or a reference to the data; the limit follows the NATS server's max_payload";
      const detail = "the body is larger than any event may be";
      return answerProblem(reply, { status: 413, code: "BODY_TOO_LARGE", detail, hint });
    }
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return answerProblem(reply, {
        status: 400,
        code: "BODY_CUT_OFF",
        detail: "the body is not as long as Content-Length says",
      });
    default: {
      const status = error.statusCode ?? 500;
      if (status >= 400 && status < 500) {
        return answerProblem(reply, { status, code: "REQUEST_INVALID", detail: "the request cannot be read" });
      }
      const detail = "something went wrong here; what was sent may not be stored";
      return answerProblem(reply, { status: 500, code: "INTERNAL", detail });
    }
  }
}
