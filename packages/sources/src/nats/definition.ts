/** How to reach and to convince a NATS server. The secrets are texts, never shown. At most one way of authentication is expected. */
export interface NatsSourceConnection {
  /** URLs `nats://host:port` or `tls://host:port`; one that answers is enough. */
  readonly servers: readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** The text of a file with a JWT and its seed, as `nsc` writes it. */
  readonly credentials?: string | undefined;
  /** PEM texts; present: TLS is demanded, `{}`: with the system's authorities. */
  readonly tls?: NatsSourceTls | undefined;
}

/** PEM texts. */
export interface NatsSourceTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** The messages of a JetStream stream that exists already. */
export interface NatsSourceStream {
  readonly name: string;
  /** A durable pull consumer that exists already, with explicit acks; its own filter and policies count. Default: one of ours. */
  readonly consumer?: string | undefined;
  /** Only messages of these subjects, wildcards allowed; more than one needs nats-server 2.10. Default: all. */
  readonly filterSubjects?: readonly string[] | undefined;
  /** Where a consumer of ours begins; default `new`. A stream that was made while the source waited for it is read from its beginning. */
  readonly deliverPolicy?: "new" | "all" | undefined;
}

/** What a NatsSource listens to. Exactly one of `subject` and `stream` is set. */
export interface NatsSourceDefinition {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly connection: NatsSourceConnection;
  /** A subject of core NATS, wildcards allowed; at most once by nature. */
  readonly subject?: string | undefined;
  /** Default: a group of the source's own, so that several processes do not each take every message. */
  readonly queueGroup?: string | undefined;
  readonly stream?: NatsSourceStream | undefined;
  /** `ordered`: stored one at a time, in the order of the stream; default `unordered`: up to 64 at once. */
  readonly ordering?: "ordered" | "unordered" | undefined;
  readonly ceOverrides: { readonly extensions: Readonly<Record<string, string>> } | undefined;
}
