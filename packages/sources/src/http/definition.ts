/** How the hook of a known sender is checked and read; `hmac` and `none` are for everybody else. */
export type HookPreset = "github" | "gitlab" | "stripe" | "slack" | "hmac" | "none";

/** How a sender without a preset of its own signs. */
export interface HmacScheme {
  /** The header that has the signature. */
  readonly header: string;
  readonly algorithm: "sha1" | "sha256" | "sha384" | "sha512";
  readonly encoding: "hex" | "base64" | "base64url";
  /** Stands before the signature in its header, as `sha256=`; may be empty. */
  readonly prefix: string;
  /** The header that has the time of signing, in seconds since the epoch; undefined: none is signed. */
  readonly timestampHeader?: string | undefined;
  /** The header that has the delivery's id, when that is signed too. */
  readonly idHeader?: string | undefined;
  /** What is signed: a text in which `{id}`, `{timestamp}` and `{body}` stand for what they say. */
  readonly signed: string;
}

/** A challenge in the query that is sent back, as senders ask for before they begin. */
export interface HookChallenge {
  /** The parameter that is sent back: `hub.challenge`, `validationToken`. */
  readonly query: string;
  /** The parameter that has to be a secret of the source: `hub.verify_token`; undefined: none is asked for. */
  readonly tokenQuery?: string | undefined;
}

/** Where in a delivery a text is: a header, or a place in a JSON body (RFC 6901) with a text, a number or a boolean. */
export interface HookRule {
  readonly header?: string | undefined;
  readonly jsonPointer?: string | undefined;
}

/** The same for a type. */
export interface HookTypeRule extends HookRule {
  /** Put before what was found, or before the word it was mapped to. */
  readonly prefix?: string | undefined;
  /** Other words for what was found; what is not in it stays as it is. */
  readonly map?: Readonly<Record<string, string>> | undefined;
}

/** What becomes of a delivery; each rule comes before what the preset does. */
export interface HookRules {
  /** The type of every event, or of those that `typeFrom` finds none for. */
  readonly type?: string | undefined;
  readonly typeFrom?: HookTypeRule | undefined;
  readonly subjectFrom?: HookRule | undefined;
  /** The delivery's own id, the same when it is sent again. */
  readonly idFrom?: HookRule | undefined;
  /** The source of every event, a URI reference. */
  readonly source?: string | undefined;
}

/** An HttpSource as its runner sees it; every field is resolved. */
export interface HttpSourceDefinition {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly preset: HookPreset;
  /**
   * What signatures are checked with: one of them has to fit, so that a secret can be exchanged while both are in use.
   * May be empty with `none`; with any other preset nothing can be verified then, and every delivery is refused.
   */
  readonly secrets: readonly Uint8Array[];
  /** With `hmac`. */
  readonly signature: HmacScheme | undefined;
  /** How far a signed time may be from now, both ways; 300,000 where nobody says otherwise. */
  readonly toleranceMs: number;
  readonly event: HookRules;
  readonly challenge?: HookChallenge | undefined;
  /** The largest body. */
  readonly maxBytes: number;
  readonly ceOverrides: { readonly extensions: Readonly<Record<string, string>> } | undefined;
}
