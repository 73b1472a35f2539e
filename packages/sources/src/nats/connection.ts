import {
  AuthorizationError,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  UserAuthenticationExpiredError,
} from "@nats-io/transport-node";
import { messageOf } from "@rouse/base";
import type { NatsSourceConnection } from "./definition.ts";

/** How a connection is made; replaced in tests. */
export type NatsConnect = (connection: NatsSourceConnection, name: string) => Promise<NatsConnection>;

/** Connects, and from then on reconnects for ever. The caller closes the connection. Rejects when no server takes us. */
export const connectToNats: NatsConnect = (connection, name) => {
  const { servers, user, password, token, credentials, tls } = connection;
  const wanted: NodeConnectionOptions & { noAsyncTraces: boolean } = {
    servers: [...servers],
    name,
    timeout: 5_000,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    reconnectJitter: 100,
    // A server that restarts may refuse credentials for a moment; giving up then would need a restart of ours too.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    maxPingOut: 2,
    // A stack capture for each request costs more than the request.
    noAsyncTraces: true,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls: { ...tls } }),
    ...(credentials === undefined ? {} : { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
  };
  return connect(wanted);
};

/** Why there is no connection, in words that name the way out, without any secret. */
export function connectionTrouble(thrown: unknown, { servers, ...connection }: NatsSourceConnection): string {
  const where = servers.map((server) => server.replace(/\/\/[^@/]*@/, "//")).join(", ");
  const message = messageOf(thrown);
  if (thrown instanceof AuthorizationError || thrown instanceof UserAuthenticationExpiredError) {
    return `${where} refused ${givenBy(connection)}: ${message}`;
  }
  if (/certificate|self-signed|unable to verify|\btls\b|ssl/i.test(message)) {
    return `no TLS connection to ${where}: ${message}; check the authority's certificate (tls.ca) and the host name`;
  }
  return `no connection to ${where}: ${message}`;
}

function givenBy({ user, token, credentials }: Omit<NatsSourceConnection, "servers">): string {
  if (credentials !== undefined) return "the credentials";
  if (token !== undefined) return "the token";
  if (user !== undefined) return `the password of user "${user}"`;
  return "a connection without credentials";
}
