import type { CloudEvent } from "@rouse/events";

/** What came after the headers of a response, as far as delivery cares. */
export type ResponseBody =
  | { readonly kind: "none" }
  /** A reply: only read from a 200, and only when replies are wanted. */
  | { readonly kind: "event"; readonly event: CloudEvent }
  /** It said it was an event and is none, or is larger than a reply may be. */
  | { readonly kind: "invalid-event"; readonly message: string; readonly start: Uint8Array }
  /** Anything else; `claimed` when its headers said that it is an event, which nobody looked at. */
  | { readonly kind: "other"; readonly claimed: boolean; readonly start: Uint8Array };

/** What happened to one POST. Private to delivery: everyone else sees the verdict that policy.ts makes of it. */
export type HttpOutcome =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly body: ResponseBody;
      readonly responseMs: number;
    }
  | { readonly kind: "timeout"; readonly timeoutMs: number }
  /** No response; `unreached`: no connection came about, so nothing was sent. */
  | { readonly kind: "transport"; readonly code: string; readonly message: string; readonly unreached: boolean }
  /** This process is going down. */
  | { readonly kind: "aborted" };

/** What an outcome says about the target: answering, down, or neither for certain. */
export type Health = "up" | "down" | "unknown";

/** Down: could not be reached, timed out, or a gateway (502, 503, 504) says so. A bad answer is an answer. */
export function healthOf(outcome: HttpOutcome): Health {
  switch (outcome.kind) {
    case "response":
      return outcome.status >= 502 && outcome.status <= 504 ? "down" : "up";
    case "timeout":
      return "down";
    case "transport":
      return outcome.unreached ? "down" : "unknown";
    case "aborted":
      return "unknown";
    default: {
      const unknown: never = outcome;
      return unknown;
    }
  }
}
