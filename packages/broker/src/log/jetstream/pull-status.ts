import type { MsgHdrs } from "@nats-io/transport-node";

/**
 * What a status message says about a pull request: nothing new; it ended with `left` messages not sent; it was refused
 * and should be repeated after a moment; or the cursor is gone.
 */
export type PullStatus =
  | { readonly kind: "nothing" }
  | { readonly kind: "ended"; readonly left: number }
  | { readonly kind: "refused"; readonly left: number }
  | { readonly kind: "gone" };

/** @param asked how many messages the request was for. */
export function readPullStatus(headers: MsgHdrs | undefined, asked: number): PullStatus {
  const code = headers?.code ?? 0;
  const text = headers?.description ?? "";
  const pending = headers?.get("Nats-Pending-Messages") ?? "";
  const left = pending === "" ? asked : Number(pending);
  switch (code) {
    case 404:
    case 408:
      return { kind: "ended", left };
    case 409:
      if (/consumer deleted|stream deleted|push based/i.test(text)) return { kind: "gone" };
      return { kind: "refused", left };
    case 400:
    case 503:
      return { kind: "gone" };
    default:
      return { kind: "nothing" };
  }
}
