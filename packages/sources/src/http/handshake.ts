import { bareAnswer, type HookAnswer, type HookRequest, problemAnswer, textAnswer } from "./hook.ts";
import { HookHeaders } from "./hook-headers.ts";

const allow = { allow: "POST, OPTIONS" };
/** Senders send a few dozen characters. */
const challengeMax = 1_024;
/** Asked for with GET before a subscription begins (WebSub, section 5.3, and what follows it). */
const hubChallenge = "hub.challenge";
/** Asked for with POST before a subscription begins (Microsoft Graph). */
const validationToken = "validationToken";

/**
 * Answers OPTIONS. With `open`, agrees to be sent events (CloudEvents HTTP 1.1 Web Hooks 1.0, section 4.2) from
 * everywhere, at any rate: whether a delivery is believed is another matter.
 */
export function answerOptions(request: HookRequest, open: boolean): HookAnswer {
  if (!open || !new HookHeaders(request.headers).has("webhook-request-origin")) return bareAnswer(200, allow);
  return bareAnswer(200, { ...allow, "webhook-allowed-origin": "*", "webhook-allowed-rate": "*" });
}

/** Sends a challenge in the query back; undefined when the request has none. */
export function answerChallenge({ method, query }: HookRequest): HookAnswer | undefined {
  const text = query.get(method === "GET" ? hubChallenge : validationToken);
  if (text === null) return undefined;
  if (text.length <= challengeMax) return textAnswer(200, text);
  const detail = `expected a challenge of at most ${challengeMax} characters, got ${text.length}`;
  return problemAnswer(400, "SOURCE_HOOK_CHALLENGE_REFUSED", detail);
}

export function answerMethod(method: string): HookAnswer {
  const detail = `expected POST, got ${/^[A-Z]{1,20}$/.test(method) ? method : "another method"}`;
  return problemAnswer(405, "SOURCE_HOOK_METHOD", detail, "webhooks are posted", allow);
}
