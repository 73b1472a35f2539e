import { isIP, type Socket, connect as tcpConnect } from "node:net";
import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import { type ISocketFactoryArgs, Kafka, type LogEntry, logLevel, type Mechanism, type SASLOptions } from "kafkajs";
import { registerDecompression } from "./compression.ts";
import { oauthBearer } from "./oauth-bearer.ts";

/** How a Kafka cluster is reached, with the secrets filled in. */
export interface KafkaConnection {
  /** `host:port`; without a port, 9092. */
  readonly bootstrapServers: readonly string[];
  readonly tls: KafkaTls | undefined;
  readonly sasl: KafkaSasl | undefined;
}

/** PEM texts; without a CA, the system's. A client certificate needs its key. */
export interface KafkaTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export type KafkaSasl =
  | {
      readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
      readonly user: string;
      readonly password: string;
    }
  | { readonly mechanism: "OAUTHBEARER"; readonly token: string };

/** A line that the client would have logged as an error. */
export interface KafkaLogLine {
  readonly message: string;
  /** `host:port` */
  readonly broker: string | undefined;
}

export interface KafkaClientOptions {
  /** What the brokers call this client in their logs and quotas. */
  readonly clientId: string;
  /** Told of the client's error lines, which go nowhere else; must not throw. */
  readonly onLog?: (line: KafkaLogLine) => void;
  /** The sockets that the client opens, so that they can be closed by force; default: nobody's. */
  readonly sockets?: ClientSockets;
  /** How long a broker may take for an answer, milliseconds; default 15,000. */
  readonly requestTimeoutMs?: number;
  /** How long connecting may take, TLS included, milliseconds; default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How often the client tries again by itself, a second apart in the end; default 2, or once for each server. */
  readonly retries?: number;
}

/** The sockets of one client. The client alone leaves some open when a broker does not answer. */
export class ClientSockets {
  private readonly open = new Set<Socket>();
  private closed = false;

  get isClosed(): boolean {
    return this.closed;
  }

  add(open: () => Socket): Socket {
    if (this.closed) throw new Error("the client was closed");
    const socket = open();
    this.open.add(socket);
    socket.once("close", () => this.open.delete(socket));
    return socket;
  }

  /** Breaks every socket, and lets no new one open. With an error, so that the client gives up what waits on them. */
  close(): void {
    this.closed = true;
    for (const socket of this.open) socket.destroy(new Error("the client was closed"));
  }
}

/**
 * A client for a cluster; it connects to nothing until something is made of it. It writes no log, reads all four
 * compressions, and creates no topic by asking for it when its consumers and producers are made so.
 */
export function createKafkaClient(connection: KafkaConnection, options: KafkaClientOptions): Kafka {
  registerDecompression();
  const { clientId, onLog, sockets = new ClientSockets() } = options;
  const { bootstrapServers, tls, sasl } = connection;
  const servers = bootstrapServers.map(withPort);
  const { retries = Math.max(2, servers.length) } = options;
  return new Kafka({
    clientId,
    // The client retries on its own even after it was closed; that it has no brokers is what ends that.
    brokers: () => (sockets.isClosed ? [] : servers),
    ...(tls === undefined ? {} : { ssl: { ...tls } }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
    connectionTimeout: options.connectTimeoutMs ?? 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: options.requestTimeoutMs ?? 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries },
    socketFactory: (wanted) => sockets.add(() => openSocket(wanted)),
    logLevel: logLevel.ERROR,
    logCreator: () => (entry) => onLog?.(lineOf(entry)),
  });
}

/**
 * The error of a request that was not answered in time, from the client's event of it. The event counts, not what the
 * client makes of it: after a broker that is silent from the start, the client takes itself for connected.
 */
export function requestTimedOut({ apiName, broker }: { readonly apiName: string; readonly broker: string }): Error {
  const error = new Error(`Request ${apiName} timed out`);
  return Object.assign(error, { name: "KafkaJSRequestTimeoutError", broker });
}

function withPort(server: string): string {
  return server.includes(":") ? server : `${server}:9092`;
}

function saslOf(sasl: KafkaSasl): SASLOptions | Mechanism {
  switch (sasl.mechanism) {
    case "PLAIN":
      return { mechanism: "plain", username: sasl.user, password: sasl.password };
    case "SCRAM-SHA-256":
      return { mechanism: "scram-sha-256", username: sasl.user, password: sasl.password };
    case "SCRAM-SHA-512":
      return { mechanism: "scram-sha-512", username: sasl.user, password: sasl.password };
    case "OAUTHBEARER":
      return oauthBearer(sasl.token);
    default: {
      const unknown: never = sasl;
      return unknown;
    }
  }
}

function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
  const socket = ssl
    ? tlsConnect({ host, port, ...(isIP(host) ? {} : { servername: host }), ...(ssl as ConnectionOptions) }, onConnect)
    : tcpConnect({ host, port }, onConnect);
  // A broker that vanished without a word is noticed by the system before it is by the next request.
  socket.setKeepAlive(true, 30_000);
  socket.setNoDelay(true);
  return socket;
}

function lineOf({ log }: LogEntry): KafkaLogLine {
  return { message: log.message, broker: typeof log.broker === "string" ? log.broker : undefined };
}
