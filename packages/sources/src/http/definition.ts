/** How the hook of a known sender is read; `hmac` and `none` are for everybody else. */
export type HookPreset = "github" | "gitlab" | "stripe" | "slack" | "hmac" | "none";

/** How a sender without a preset of its own signs. */
export interface HmacScheme {
  /** The header that has the signature. */
  readonly header: string;
  readonly algorithm: "sha1" | "sha256" | "sha384" | "sha512";
  readonly encoding: "hex" | "base64" | "base64url";
  /** Stands before the signature in its header, as `sha256=`; may be empty. */
  readonly prefix: string;
  /** The header that has the time of signing, in seconds since the epoch; undefined: none is checked. */
  readonly timestampHeader: string | undefined;
  /** The header that has the delivery's id, when that is signed too. */
  readonly idHeader: string | undefined;
  /** What is signed: `{id}`, `{timestamp}` and, at the end, `{body}` stand for what they say. */
  readonly signed: string;
}

/** Takes a text out of a delivery. */
export interface HookRule {
  readonly from:
    | { readonly kind: "header"; readonly name: string }
    /** RFC 6901, into a JSON body; strings, numbers and booleans are taken. */
    | { readonly kind: "json"; readonly pointer: string }
    | { readonly kind: "value"; readonly value: string };
  /** Other words for what was found; what is not in it stays as it is. */
  readonly map: Readonly<Record<string, string>> | undefined;
  /** Put before what was found. */
  readonly prefix: string;
  /** Taken, as it stands, when nothing was found. */
  readonly otherwise: string | undefined;
}

/** A challenge in the query that is answered with itself, as senders ask for before they begin. */
export interface HookChallenge {
  /** The parameter that is sent back: `hub.challenge`, `validationToken`. */
  readonly query: string;
  /** The parameter that has to be a secret of the source: `hub.verify_token`; undefined: none is asked for. */
  readonly tokenQuery: string | undefined;
}

/** An HttpSource as its runner sees it; every field is resolved. */
export interface HttpSourceDefinition {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly preset: HookPreset;
  /**
   * What signatures are checked with: one of them has to fit, so that a secret can be exchanged while both are in use.
   * Empty with `none` alone; with any other preset nothing can be verified then, and every delivery is refused.
   */
  readonly secrets: readonly Uint8Array[];
  /** With `hmac`. */
  readonly hmac: HmacScheme | undefined;
  /** How far a signed time may be from now, both ways; default where a sender says nothing else: 300,000. */
  readonly toleranceMs: number;
  /** Rules come before what the preset does. */
  readonly type: HookRule | undefined;
  readonly source: HookRule | undefined;
  readonly subject: HookRule | undefined;
  readonly id: HookRule | undefined;
  readonly challenge: HookChallenge | undefined;
  readonly ceOverrides: { readonly extensions: Readonly<Record<string, string>> } | undefined;
}
