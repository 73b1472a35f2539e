import type { HttpSourceDefinition } from "./definition.ts";
import { bareAnswer, type HookAnswer, type HookRequest, problemAnswer, textAnswer } from "./hook.ts";
import { HookHeaders } from "./hook-headers.ts";
import { isToken } from "./signature.ts";

const allow = { allow: "POST, OPTIONS" };
/** Senders send a few dozen characters. */
const challengeMax = 1_024;

/** Agrees to be sent events (CloudEvents HTTP 1.1 Web Hooks 1.0, section 4.2): from everywhere, at any rate. */
export function answerOptions(request: HookRequest): HookAnswer {
  if (!new HookHeaders(request.headers).has("webhook-request-origin")) return bareAnswer(200, allow);
  return bareAnswer(200, { ...allow, "webhook-allowed-origin": "*", "webhook-allowed-rate": "*" });
}

/** Sends back the challenge that the source declares; undefined when the request has none. */
export function answerChallenge(
  definition: Pick<HttpSourceDefinition, "challenge" | "secrets">,
  request: HookRequest,
): HookAnswer | undefined {
  const { challenge, secrets } = definition;
  const text = challenge === undefined ? null : request.query.get(challenge.query);
  if (challenge === undefined || text === null) return undefined;
  const { tokenQuery } = challenge;
  if (tokenQuery !== undefined && !isToken(request.query.get(tokenQuery) ?? "", secrets)) {
    const detail = `the token in the parameter ${tokenQuery} is not this source's`;
    return problemAnswer(
      403,
      "SOURCE_HOOK_CHALLENGE_REFUSED",
      detail,
      "give the sender and this source the same secret",
    );
  }
  if (text.length <= challengeMax) return textAnswer(200, text);
  const detail = `expected a challenge of at most ${challengeMax} characters, got ${text.length}`;
  return problemAnswer(400, "SOURCE_HOOK_CHALLENGE_REFUSED", detail);
}

export function answerMethod(method: string): HookAnswer {
  const detail = `expected POST, got ${/^[A-Z]{1,20}$/.test(method) ? method : "another method"}`;
  return problemAnswer(405, "SOURCE_HOOK_METHOD", detail, "webhooks are posted", allow);
}
