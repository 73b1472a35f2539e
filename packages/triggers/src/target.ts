/** Where a delivery goes. */
export type Target =
  | { readonly kind: "url"; readonly url: string }
  /** A service that may have to be woken; `path` is resolved against its address. */
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly path: string }
  /** The destination names something that does not exist (yet): deliveries are held. */
  | { readonly kind: "unresolved"; readonly reason: string };

/** The key under which a target's capacity is counted: one per URL, one per service. */
export function targetKey(target: Target): string {
  switch (target.kind) {
    case "url":
      return `url:${target.url}`;
    case "service":
      return `service:${target.namespace}/${target.name}`;
    case "unresolved":
      return "unresolved";
    default: {
      const unknown: never = target;
      return unknown;
    }
  }
}

/** Permission to post to one ready instance; `release` must be called once, whatever came of it. */
export interface Lease {
  /** Complete URL to post to. */
  readonly url: string;
  /** How the target was found; undefined for a plain URL. */
  readonly instance: "cold" | "thawed" | "warm" | undefined;
  /** `<namespace>/<name>` of the service, for people; undefined for a plain URL. */
  readonly service?: string;
  /** How long the caller waited for it, milliseconds. */
  readonly waitedMs: number;
  /** The longest an attempt may take here, when the target limits it (`timeoutSeconds`). */
  readonly timeoutMs: number | undefined;
  release(): void;
}

/** A lease, or the reason why there is none now. Being held does not count as an attempt, unless it fails for too long. */
export type Acquired =
  | { readonly kind: "lease"; readonly lease: Lease }
  | {
      readonly kind: "held";
      readonly reason: string;
      readonly retryAfterMs: number;
      /** Set while the service cannot be started. */
      readonly failing?: Failing;
    };

/** Why a service cannot be started. */
export interface Failing {
  /** One CamelCase word. */
  readonly reason: string;
  /** One sentence, perhaps with the last lines of stderr below it. */
  readonly message: string;
  /** Of the first failure in a row, milliseconds since the epoch. */
  readonly since: number;
}

/** Whoever knows where targets are. Rejects only when the signal aborts. */
export interface Targets {
  acquire(target: Target, signal: AbortSignal): Promise<Acquired>;
}
