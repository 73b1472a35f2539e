import { type Clock, messageOf } from "@rouse/base";
import { type ChannelModel, connect, credentials } from "amqplib";
import type { Endpoint } from "./connection.ts";
import { connectWords, lostWords } from "./trouble-words.ts";

/** One open connection. Closed by whoever opened it, or by the server. */
export interface Opened {
  readonly model: ChannelModel;
  /** Resolves when it is gone, with the reason in words; never rejects. */
  readonly lost: Promise<string>;
  /** Says goodbye to the server, and closes the socket when the answer does not come within a second. */
  close(): Promise<void>;
}

/** The reason in words; nothing else of the failure is of use. */
export class ConnectFailure extends Error {}

const connectMs = 10_000;
const goodbyeMs = 1_000;

/**
 * Opens a connection; throws ConnectFailure. Aborting the signal ends the attempt at once. Half-open connections are
 * found by heartbeats, which the client does by the machine's clock.
 */
export async function openConnection(
  endpoint: Endpoint,
  options: { readonly name: string; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Opened> {
  const { name, clock, signal } = options;
  // The only handle on the client's socket: without it an attempt could not be ended, nor a silent server left.
  const socket = new AbortController();
  const end = (): void => socket.abort();
  signal.addEventListener("abort", end, { once: true });
  try {
    signal.throwIfAborted();
    const model = await connect(addressing(endpoint), {
      ...(endpoint.secure ? endpoint.tls : {}),
      noDelay: true,
      keepAlive: true,
      timeout: connectMs,
      clientProperties: { product: "rouse", connection_name: name },
      ...(endpoint.login === undefined ? { credentials: credentials.external() } : {}),
      ...{ signal: socket.signal },
    });
    return opened(model, endpoint, clock, end);
  } catch (thrown) {
    end();
    throw new ConnectFailure(connectWords(thrown, endpoint), { cause: thrown });
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function opened(model: ChannelModel, endpoint: Endpoint, clock: Clock, end: () => void): Opened {
  let failure: unknown;
  model.on("error", (error) => {
    failure ??= error;
  });
  const lost = new Promise<string>((resolve) => {
    model.once("close", (error) => {
      // A silent server would leave the socket half closed for minutes.
      end();
      resolve(lostWords(failure ?? error ?? new Error("it was closed"), endpoint));
    });
  });
  return {
    model,
    lost,
    async close() {
      const timer = clock.setTimer(goodbyeMs, end);
      // It may have been closed already, by the other side too.
      model.close().catch((thrown) => messageOf(thrown));
      await lost;
      timer.cancel();
    },
  };
}

function addressing(endpoint: Endpoint) {
  return {
    protocol: endpoint.secure ? "amqps" : "amqp",
    hostname: endpoint.host,
    port: endpoint.port,
    username: endpoint.login?.user ?? "",
    password: endpoint.login?.password ?? "",
    // The client decodes this, also when it does not come out of a URI.
    vhost: encodeURIComponent(endpoint.vhost),
    heartbeat: endpoint.heartbeat,
    frameMax: 131_072,
  };
}
