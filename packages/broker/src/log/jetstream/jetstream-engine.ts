import type { NatsConnection } from "@nats-io/transport-node";
import { type Clock, systemClock } from "@rouse/base";
import { LogFault } from "../../errors.ts";
import type { Engine, StreamConfig } from "../engine.ts";
import { InboxPublisher } from "./inbox-publisher.ts";
import { apiCodes, JetstreamApi } from "./jetstream-api.ts";
import type { JetstreamPuller } from "./jetstream-puller.ts";
import { JetstreamStream, type StreamParts } from "./jetstream-stream.ts";
import { Link } from "./link.ts";
import { compareVersions } from "./nats-server-binary.ts";
import { toWire, updateOf } from "./stream-config.ts";

/** Options of {@link createJetstreamEngine}. */
export interface JetstreamEngineOptions {
  /** Stays the caller's to close, after the engine. */
  readonly connection: NatsConnection;
  readonly clock?: Clock;
}

/**
 * Streams on JetStream, nats-server 2.9 or newer. Closing stops the pullers and fails the writes that have no answer
 * yet; it waits until the server has taken what was sent before, acks included.
 */
export function createJetstreamEngine(options: JetstreamEngineOptions): Engine {
  const { connection } = options;
  const clock = options.clock ?? systemClock;
  const link = new Link(connection);
  const api = new JetstreamApi(link);
  const publisher = new InboxPublisher(link, clock);
  const purgeKeepsCursors = compareVersions(connection.info?.version ?? "0", "2.11.0") >= 0;
  const parts: StreamParts = { link, clock, api, publisher, pullers: new Set<JetstreamPuller>(), purgeKeepsCursors };
  return {
    kind: "jetstream",
    get maxMessageBytes() {
      return link.maxMessageBytes;
    },
    get connected() {
      return link.connected;
    },
    async stream(config) {
      await keepStream(api, config);
      return new JetstreamStream(config.name, parts);
    },
    async deleteStream(name) {
      await api.request(`STREAM.DELETE.${name}`, undefined, apiCodes.streamNotFound);
    },
    onReconnect: (listener) => link.whenUp(listener),
    async [Symbol.asyncDispose]() {
      if (link.isClosed) return;
      const pullers = [...parts.pullers];
      for (const puller of pullers) puller.stop();
      await Promise.all(pullers.map((puller) => puller.over));
      // The first brings what was on its way to stopped pullers, the second takes what they handed back.
      for (let n = 0; n < 2 && link.connected; n++) await flush(connection, clock);
      link.close();
      publisher.close();
    },
  };
}

const flushTimeoutMs = 2000;

/** Waits until the server has taken what was sent, but not for ever: it may hang. */
function flush(connection: NatsConnection, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(flushTimeoutMs, resolve);
    const done = (): void => {
      timer.cancel();
      resolve();
    };
    connection.flush().then(done, done);
  });
}

interface StreamAnswer {
  readonly config: object;
}

/** Creates the stream or updates it where it differs. Another process may do the same at the same time. */
async function keepStream(api: JetstreamApi, config: StreamConfig): Promise<void> {
  const wanted = toWire(config);
  const current = await api.request<StreamAnswer>(`STREAM.INFO.${config.name}`, undefined, apiCodes.streamNotFound);
  if (current) return updateStream(api, config.name, updateOf(current.config, wanted));
  const created = await api.request(`STREAM.CREATE.${config.name}`, wanted, apiCodes.streamNameInUse);
  if (created) return;
  const other = await api.request<StreamAnswer>(`STREAM.INFO.${config.name}`, undefined, apiCodes.streamNotFound);
  if (!other) throw new LogFault("LOG_UNAVAILABLE", `expected stream ${config.name} to stay, it was deleted just now`);
  await updateStream(api, config.name, updateOf(other.config, wanted));
}

async function updateStream(api: JetstreamApi, name: string, update: object | undefined): Promise<void> {
  if (update) await api.request(`STREAM.UPDATE.${name}`, update);
}
