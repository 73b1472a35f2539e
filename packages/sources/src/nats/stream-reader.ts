import { JetStreamError, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { messageOf, sleep } from "@rouse/base";
import { readAckSubject } from "./ack-subject.ts";
import { HeldMessages } from "./held-messages.ts";
import { type NatsRecord, natsEvent, natsMessageId, natsOrigin } from "./mapping.ts";
import { headersOf } from "./message-headers.ts";
import type { Reader, ReaderCounts, ReaderPorts } from "./reader.ts";
import { findPlace, learnFloor, type StreamMemory, type StreamPlace, unlessMissing } from "./stream-place.ts";
import { StreamPull } from "./stream-pull.ts";

const lookMs = 5_000;
const waitMs = 2_000;
const requestMs = 5_000;
const windowMax = 256;
/** Beyond this nothing more is asked for, whatever the window allows. */
const heldBytesMax = 16 * 1_024 * 1_024;

/** Reads a stream through a durable pull consumer; a message is acknowledged when it is stored or buried. */
export class StreamReader implements Reader {
  private readonly ports: ReaderPorts;
  private readonly held: HeldMessages;
  private readonly memory: StreamMemory = { floor: undefined, created: undefined, missed: false };
  private place: StreamPlace | undefined;
  private pull: StreamPull | undefined;
  private pending = 0;
  /** The highest sequence that the present consumer delivered. */
  private highest = 0;
  private look: () => void = () => {};

  constructor(ports: ReaderPorts) {
    this.ports = ports;
    this.held = new HeldMessages(ports, () => this.pull?.ask());
  }

  async run(connection: NatsConnection, signal: AbortSignal): Promise<void> {
    const { clock } = this.ports;
    while (!signal.aborted && !connection.isClosed()) {
      let pauseMs = waitMs;
      try {
        pauseMs = await this.readFrom(connection, signal);
      } catch (thrown) {
        if (!connection.isClosed()) this.ports.upstream(streamTrouble(thrown, this.ports.definition.stream?.name));
      }
      await sleep(clock, pauseMs, signal).catch(() => undefined);
    }
    this.stopPulling();
  }

  connectionChanged(): void {
    this.pull?.reconnected();
    this.look();
  }

  counts(): ReaderCounts {
    const { place } = this;
    return {
      stream: place && { name: place.stream, consumer: place.consumer },
      pending: this.pending,
      inFlight: this.held.size,
    };
  }

  drain(): Promise<void> {
    this.stopPulling();
    return this.held.drain();
  }

  abandon(): void {
    this.held.abandon();
  }

  /** Reads until the consumer is gone; resolves with how long to wait before looking again. */
  private async readFrom(connection: NatsConnection, signal: AbortSignal): Promise<number> {
    const { definition, forbidden } = this.ports;
    const serverVersion = connection.info?.version ?? "";
    const jsm = await jetstreamManager(connection, { checkAPI: false, timeout: requestMs });
    const found = await findPlace({ jsm, serverVersion, forbidden }, definition, this.memory);
    if (signal.aborted) return 0;
    if (found.kind === "waiting") {
      this.place = undefined;
      this.ports.upstream(found.message);
      return waitMs;
    }
    this.opened(found.place);
    await new Promise<void>((resolve) => {
      const gone = (): void => resolve();
      const pull = new StreamPull({
        connection,
        clock: this.ports.clock,
        place: found.place,
        room: () => ({ window: this.held.bytes < heldBytesMax ? windowMax : 0, held: this.held.size }),
        take: (message) => this.take(message, found.place, connection, gone),
        gone,
      });
      this.pull = pull;
      void this.watch(jsm, found.place, connection, signal, () => this.pull === pull).then(gone);
    });
    this.stopPulling();
    return 0;
  }

  private opened(place: StreamPlace): void {
    this.place = place;
    this.pending = place.pending;
    this.highest = 0;
    this.held.ackWaitMs = place.ackWaitMs;
    this.ports.upstream(undefined);
    this.ports.changed();
  }

  private stopPulling(): void {
    this.pull?.close();
    this.pull = undefined;
    this.look();
  }

  /** Looks at the consumer now and then; resolves when it is not the same any more, or nobody reads. */
  private async watch(
    jsm: JetStreamManager,
    place: StreamPlace,
    connection: NatsConnection,
    signal: AbortSignal,
    reading: () => boolean,
  ): Promise<void> {
    while (!signal.aborted && !connection.isClosed() && reading()) {
      const early = new AbortController();
      this.look = () => early.abort();
      await sleep(this.ports.clock, lookMs, early.signal).catch(() => undefined);
      if (signal.aborted || !reading()) return;
      try {
        const info = await unlessMissing(jsm.consumers.info(place.stream, place.consumer));
        if (info?.created !== place.consumerCreated) return;
        learnFloor(this.memory, info);
        if (this.pending !== info.num_pending) this.ports.changed();
        this.pending = info.num_pending;
        this.ports.upstream(undefined);
      } catch (thrown) {
        // Not the consumer's fault: the connection is lost, or JetStream has no leader; it is asked again.
        this.ports.upstream(streamTrouble(thrown, place.stream));
      }
    }
  }

  private take(message: Msg, place: StreamPlace, connection: NatsConnection, gone: () => void): void {
    const ack = readAckSubject(message.reply);
    if (ack === undefined) return;
    const again = ack.delivered === 1 && ack.sequence <= this.highest;
    if (again) {
      // A first delivery that goes back is another consumer, and perhaps another stream: look before reading on.
      connection.publish(message.reply!, "-NAK");
      gone();
      return;
    }
    this.highest = Math.max(this.highest, ack.sequence);
    const { definition } = this.ports;
    const record: NatsRecord = {
      subject: message.subject,
      headers: headersOf(message.headers),
      data: message.data,
      time: ack.time,
      stored: { stream: place.stream, streamCreated: place.streamCreated, sequence: ack.sequence },
      uuid: "",
    };
    this.held.take({
      reply: message.reply!,
      connection,
      piece: {
        mapped: natsEvent(record, definition),
        messageId: natsMessageId(definition.uid, record),
        origin: natsOrigin(record),
        raw: record.data,
      },
    });
    this.pull?.ask();
  }
}

function streamTrouble(thrown: unknown, stream: string | undefined): string {
  const message = messageOf(thrown);
  if (/no responders|jetstream.*not enabled|503/i.test(message)) {
    return `JetStream does not answer: ${message}; the server needs -js, the account permission to use it`;
  }
  return thrown instanceof JetStreamError ? `stream ${stream}: ${message}` : `stream ${stream} is not read: ${message}`;
}
