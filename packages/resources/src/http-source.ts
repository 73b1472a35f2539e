import type { CloudEventOverrides } from "./ce-overrides.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import type { SecretValue } from "./secret-reference.ts";

/** The specification of an HttpSource. */
export interface HttpSourceSpec {
  /** Who calls, and so how a request is signed and read. There after defaults (`none`). */
  readonly preset: HttpPreset;
  /** What requests are signed with; there unless the preset is `none`. */
  readonly secret?: SecretValue | undefined;
  /** There exactly when the preset is `hmac`. */
  readonly signature?: HttpSignature | undefined;
  /** What becomes of a request; each rule given here replaces that of the preset. */
  readonly event?: HttpEventRules | undefined;
  /** The largest body, in bytes. There after defaults (1 MiB). */
  readonly maxBytes: number;
  /** Retries and dead letters; only for a sink that is no broker. */
  readonly delivery?: DeliverySpec | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** Webhooks that are understood without rules; `hmac` checks a signature of any shape, `none` checks nothing. */
export type HttpPreset = "github" | "gitlab" | "stripe" | "slack" | "hmac" | "none";

/** How a request is signed: an HMAC of the body, or of `<timestamp>.<body>` when there is a timestamp header. */
export interface HttpSignature {
  /** The header that carries the signature. */
  readonly header: string;
  /** There after defaults (`sha256`). */
  readonly algorithm: "sha1" | "sha256" | "sha512";
  /** There after defaults (`hex`). */
  readonly encoding: "hex" | "base64";
  /** What stands before the signature: `sha256=`. There after defaults (empty). */
  readonly prefix: string;
  /** The header with the time of signing, in seconds since the epoch. */
  readonly timestampHeader?: string | undefined;
  /** How far that time may be from ours, an ISO 8601 duration. There after defaults (`PT5M`) when timestampHeader is. */
  readonly tolerance?: string | undefined;
}

/** What becomes of a request. */
export interface HttpEventRules {
  /** The type of every event, or of those that typeFrom finds none for. */
  readonly type?: string | undefined;
  readonly typeFrom?: HttpTypeRule | undefined;
  readonly subjectFrom?: HttpValueRule | undefined;
  /** The delivery's own id: the event's id, and what repeated deliveries are known by. */
  readonly idFrom?: HttpValueRule | undefined;
  /** The source of every event, a URI reference; default `/apis/v1/namespaces/<ns>/httpsources/<name>`. */
  readonly source?: string | undefined;
}

/** Where in a request a value is: exactly one of a header and a place in the JSON body (RFC 6901). */
export interface HttpValueRule {
  readonly header?: string | undefined;
  readonly jsonPointer?: string | undefined;
}

/** The same for a type. */
export interface HttpTypeRule extends HttpValueRule {
  /** Put before what was found: `com.github.`. */
  readonly prefix?: string | undefined;
  /** Found values and the types they become (without prefix); others stay as they are. */
  readonly map?: Readonly<Record<string, string>> | undefined;
}

/** The state of an HttpSource. */
export interface HttpSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
  /** Where requests are sent to. */
  readonly address?: { readonly url: string };
}

/** A source that turns requests of others (webhooks) into events. */
export type HttpSourceObject = ResourceObject<HttpSourceSpec, HttpSourceStatus>;
