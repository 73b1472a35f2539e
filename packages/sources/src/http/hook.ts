import type { HttpHeaders } from "@rouse/events";

/** A request that came in for a hook, as the listener hands it over. */
export interface HookRequest {
  /** Upper-case. */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Best as Node's `rawHeaders`: only they show a header that was sent twice. */
  readonly headers: HttpHeaders;
  /** The bytes as they came; signatures are over them. */
  readonly body: Uint8Array;
}

/** Why a request was refused, for a problem document (RFC 9457). Holds nothing of the request's headers or body. */
export interface HookProblem {
  readonly code: HookProblemCode;
  readonly detail: string;
  readonly hint: string | undefined;
}

/** Stable codes of what a hook refuses. */
export type HookProblemCode =
  | "SOURCE_HOOK_SIGNATURE_MISSING"
  | "SOURCE_HOOK_SIGNATURE_WRONG"
  | "SOURCE_HOOK_TIMESTAMP_REFUSED"
  | "SOURCE_HOOK_BODY_INVALID"
  | "SOURCE_HOOK_BODY_TOO_LARGE"
  | "SOURCE_HOOK_EVENT_REFUSED"
  | "SOURCE_HOOK_METHOD"
  | "SOURCE_HOOK_CHALLENGE_REFUSED"
  | "SOURCE_HOOK_UNAVAILABLE";

/** What stands in an answer. */
export type HookBody =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "problem"; readonly problem: HookProblem };

/** What to answer; the listener renders it. Header names are lower-case. */
export interface HookAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: HookBody;
}

/** An answer without a body. */
export function bareAnswer(status: number, headers: Readonly<Record<string, string>> = {}): HookAnswer {
  return { status, headers, body: { kind: "none" } };
}

/** An answer in plain text, which no browser takes for anything else. */
export function textAnswer(status: number, text: string): HookAnswer {
  const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
  return { status, headers, body: { kind: "text", text } };
}

/** A refusal. */
export function problemAnswer(
  status: number,
  code: HookProblemCode,
  detail: string,
  hint?: string,
  headers: Readonly<Record<string, string>> = {},
): HookAnswer {
  return { status, headers, body: { kind: "problem", problem: { code, detail, hint } } };
}

/** "Not now": the sender is to repeat. */
export function unavailableAnswer(reason: string, retryAfterMs: number): HookAnswer {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  const hint = "send the delivery again after the delay; what was stored already is recognised by its id";
  return problemAnswer(503, "SOURCE_HOOK_UNAVAILABLE", reason, hint, { "retry-after": String(seconds) });
}
