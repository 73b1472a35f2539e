import { readFile } from "node:fs/promises";
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
} from "@nats-io/transport-node";
import { messageOf } from "@rouse/base";
import { LogFault } from "../../errors.ts";

/** How to reach and to convince a NATS server. At most one way of authentication is expected. */
export interface NatsOptions {
  /** URLs `nats://host:port` or `tls://host:port`; one that answers is enough. */
  readonly servers: readonly string[];
  /** Shown in the server's list of connections. */
  readonly name?: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** File with a JWT and its seed, as `nsc` writes it. */
  readonly credentialsFile?: string;
  /** File with an nkey seed. */
  readonly nkeySeedFile?: string;
  /** PEM files; present: TLS is demanded. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** How long the first connection may take, milliseconds; default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * Connects, and from then on reconnects for ever. The caller closes the connection.
 * Throws NATS_CONNECTION_FAILED when the first attempt on every server fails.
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  try {
    const authenticator = await authenticatorOf(options);
    const wanted: NodeConnectionOptions & { noAsyncTraces: boolean } = {
      servers: [...options.servers],
      name: options.name ?? "rouse",
      timeout: options.timeoutMs ?? 5000,
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
      ...(options.user === undefined ? {} : { user: options.user }),
      ...(options.password === undefined ? {} : { pass: options.password }),
      ...(options.token === undefined ? {} : { token: options.token }),
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(authenticator === undefined ? {} : { authenticator }),
    };
    return await connect(wanted);
  } catch (cause) {
    throw new LogFault(
      "NATS_CONNECTION_FAILED",
      `could not connect to ${shown(options.servers)}: ${messageOf(cause)}`,
      {
        cause,
        hint: "check that nats-server runs there, and the user, token, credentials file and TLS files given",
      },
    );
  }
}

async function authenticatorOf(options: NatsOptions): Promise<Authenticator | undefined> {
  if (options.credentialsFile !== undefined) return credsAuthenticator(await readFile(options.credentialsFile));
  if (options.nkeySeedFile === undefined) return undefined;
  const seed = (await readFile(options.nkeySeedFile, "utf8")).trim();
  return nkeyAuthenticator(new TextEncoder().encode(seed));
}

/** Server URLs without the user and password that they may carry. */
function shown(servers: readonly string[]): string {
  return servers.map((server) => server.replace(/\/\/[^@/]*@/, "//")).join(", ");
}
