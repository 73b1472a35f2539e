/** How a RabbitMQ is reached. Credentials are in the URI, or apart from it, which counts more. They are never shown. */
export interface RabbitmqConnection {
  /** `amqp://[user:password@]host[:port][/vhost]`, or `amqps://`; user, password and vhost percent-encoded. */
  readonly uri: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** As it is, not encoded; counts more than the URI's. Default `/`. */
  readonly vhost?: string | undefined;
  /** PEM texts; for `amqps://` only. Without a CA the system's are trusted. */
  readonly tls?: RabbitmqTls | undefined;
}

export interface RabbitmqTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** A connection, read and complete. */
export interface Endpoint {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  /** Undefined: the client's certificate says who it is (`?auth_mechanism=external`). */
  readonly login: { readonly user: string; readonly password: string } | undefined;
  readonly tls: RabbitmqTls;
  /** Seconds between heartbeats; silence of two to three of them ends the connection. */
  readonly heartbeat: number;
}

export type EndpointReading =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  /** Words that show nothing of the URI: what cannot be read may be a password. */
  | { readonly kind: "problem"; readonly message: string };

const heartbeatSeconds = 10;
const heartbeatSecondsMax = 600;

/** Reads a connection. */
export function readConnection(connection: RabbitmqConnection): EndpointReading {
  const url = urlOf(connection.uri);
  if (url === undefined) {
    return problem(
      "the URI of RabbitMQ cannot be read; expected amqp://user:password@host:5672/vhost, percent-encoded",
    );
  }
  if (url.protocol !== "amqp:" && url.protocol !== "amqps:") {
    return problem(`the URI of RabbitMQ must begin with amqp:// or amqps://, not ${url.protocol}//`);
  }
  const secure = url.protocol === "amqps:";
  if (connection.tls !== undefined && !secure) {
    return problem("certificates are given, but the URI of RabbitMQ begins with amqp://; write amqps://");
  }
  const [user, password, path] = [url.username, url.password, url.pathname.slice(1)].map(decoded);
  if (user === undefined || password === undefined || path === undefined) {
    return problem("the URI of RabbitMQ holds a % that is no percent-encoding; write %25 for a percent sign");
  }
  const external = url.searchParams.get("auth_mechanism")?.toLowerCase() === "external";
  return {
    kind: "endpoint",
    endpoint: {
      secure,
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? (secure ? 5671 : 5672) : Number(url.port),
      vhost: connection.vhost || path || "/",
      login: external ? undefined : loginOf(connection, user, password),
      tls: connection.tls ?? {},
      heartbeat: heartbeatOf(url.searchParams.get("heartbeat")),
    },
  };
}

/** `host:port`, for messages. */
export function addressOf({ host, port }: Pick<Endpoint, "host" | "port">): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** RabbitMQ's own default user may only log in from the same machine, so it does no harm as ours. */
function loginOf(connection: RabbitmqConnection, user: string, password: string): Endpoint["login"] {
  const given = connection.user || user;
  if (given === "") return { user: "guest", password: connection.password ?? (password || "guest") };
  return { user: given, password: connection.password ?? password };
}

function heartbeatOf(text: string | null): number {
  const seconds = Number(text ?? heartbeatSeconds);
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= heartbeatSecondsMax ? seconds : heartbeatSeconds;
}

function urlOf(uri: string): URL | undefined {
  try {
    const url = new URL(uri.trim());
    // A password with a bare "/", "?" or "#" ends the host early, and the rest of it would be shown as something else.
    const torn = url.hash !== "" || `${url.pathname}${url.search}`.includes("@");
    return url.hostname === "" || torn ? undefined : url;
  } catch {
    return undefined;
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function problem(message: string): EndpointReading {
  return { kind: "problem", message };
}
