import type { HookChallenge } from "./definition.ts";
import { bareAnswer, type HookAnswer, type HookRequest, problemAnswer, textAnswer } from "./hook.ts";
import { HookHeaders } from "./hook-headers.ts";
import { isToken } from "./signature.ts";

const allow = { allow: "POST, OPTIONS" };
/** Senders send a few dozen characters. */
const challengeMax = 1_024;

/**
 * Answers OPTIONS. With `open`, agrees to be sent events (CloudEvents HTTP 1.1 Web Hooks 1.0, section 4.2) from
 * everywhere, at any rate: whether a delivery is believed is another matter.
 */
export function answerOptions(request: HookRequest, open: boolean): HookAnswer {
  if (!open || !new HookHeaders(request.headers).has("webhook-request-origin")) return bareAnswer(200, allow);
  return bareAnswer(200, { ...allow, "webhook-allowed-origin": "*", "webhook-allowed-rate": "*" });
}

/** Sends the challenge that the source declares back; undefined when the request has none. */
export function answerChallenge(
  challenge: HookChallenge | undefined,
  secrets: readonly Uint8Array[],
  { query }: HookRequest,
): HookAnswer | undefined {
  const text = challenge === undefined ? null : query.get(challenge.query);
  if (challenge === undefined || text === null) return undefined;
  const { tokenQuery } = challenge;
  if (tokenQuery !== undefined && !isToken(query.get(tokenQuery) ?? "", secrets)) {
    const detail = `the token in the parameter ${tokenQuery} is not this source's`;
    const hint = "give the sender and this source the same secret";
    return problemAnswer(403, "SOURCE_HOOK_CHALLENGE_REFUSED", detail, hint);
  }
  if (text.length <= challengeMax) return textAnswer(200, text);
  const detail = `expected a challenge of at most ${challengeMax} characters, got ${text.length}`;
  return problemAnswer(400, "SOURCE_HOOK_CHALLENGE_REFUSED", detail);
}

export function answerMethod(method: string): HookAnswer {
  const detail = `expected POST, got ${/^[A-Z]{1,20}$/.test(method) ? method : "another method"}`;
  return problemAnswer(405, "SOURCE_HOOK_METHOD", detail, "webhooks are posted", allow);
}
