import type { HmacScheme } from "./definition.ts";
import type { Delivery } from "./delivery.ts";
import type { HookAnswer } from "./hook.ts";
import type { HookHeaders } from "./hook-headers.ts";

/** What a signature is checked with. */
export interface SignatureCheck {
  readonly headers: HookHeaders;
  readonly body: Uint8Array;
  readonly secrets: readonly Uint8Array[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly toleranceMs: number;
  readonly scheme: HmacScheme | undefined;
}

/** Why a delivery is not believed. The texts hold names of headers, never a value. */
export interface Distrust {
  readonly kind: "missing" | "wrong" | "timestamp";
  readonly detail: string;
  readonly hint: string;
}

/** What a preset knows of the event; what is undefined has a default. */
export interface PresetAttributes {
  readonly type: string | undefined;
  readonly source: string | undefined;
  readonly subject: string | undefined;
  /** The delivery's own id, the same when the sender sends it again. */
  readonly id: string | undefined;
  /** Milliseconds since the epoch. */
  readonly time: number | undefined;
}

/** How the deliveries of one kind of sender are checked and read; pure. */
export interface Preset {
  /** For senders of any kind: the webhook handshake of CloudEvents, and events that are sent as such. */
  readonly open: boolean;
  /** Status of the answer to a delivery that was stored. */
  readonly storedStatus: 200 | 202;
  /** Undefined: believed. */
  distrust(check: SignatureCheck): Distrust | undefined;
  /** The delivery as it is stored, when that is not as it came. */
  unwrap(delivery: Delivery): Delivery;
  /** What is answered instead of storing: handshakes and pings. */
  reply(delivery: Delivery): HookAnswer | undefined;
  attributes(delivery: Delivery, scheme: HmacScheme | undefined): PresetAttributes;
}

/** The signature's header is not there, or there twice. */
export function missing(headers: HookHeaders, name: string, hint: string): Distrust {
  const detail = headers.has(name) ? `expected one header ${name}, there are several` : `expected a header ${name}`;
  return { kind: "missing", detail, hint };
}

/** The signature does not fit. */
export function wrong(name: string): Distrust {
  return {
    kind: "wrong",
    detail: `the signature in ${name} does not fit the body`,
    hint: "give the sender and this source the same secret; nothing on the way may change the body",
  };
}

/** The time of signing, in seconds since the epoch, is not close enough to now; undefined when it is. */
export function staleness(
  seconds: string,
  name: string,
  check: Pick<SignatureCheck, "now" | "toleranceMs">,
): Distrust | undefined {
  const at = /^\d{1,12}$/.test(seconds) ? Number(seconds) * 1_000 : Number.NaN;
  // A time that cannot be read is not close to now either.
  if (Math.abs(check.now - at) <= check.toleranceMs) return undefined;
  return {
    kind: "timestamp",
    detail: `the time of signing in ${name} is more than ${Math.round(check.toleranceMs / 1_000)} s from now`,
    hint: "an old delivery may be a repeated one; if it is new, compare the clocks of both machines",
  };
}
