import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { messageOf, sleep } from "@rouse/base";
import type { Piece } from "./hand-over.ts";
import { natsEvent, natsMessageId, natsOrigin } from "./mapping.ts";
import { headersOf } from "./message-headers.ts";
import { ownName } from "./own-name.ts";
import { Pipeline } from "./pipeline.ts";
import type { Reader, ReaderCounts, ReaderPorts } from "./reader.ts";
import { uuidOf } from "./uuid.ts";

const heldMax = 1_024;
const heldBytesMax = 16 * 1_024 * 1_024;
const widthMax = 64;
const againMs = 5_000;

/**
 * Listens to a subject of core NATS. What it hears exists nowhere else: it is kept in memory while the sink is
 * unavailable, at most 1,024 messages or 16 MiB; what comes beyond that is dropped and counted.
 */
export class SubjectReader implements Reader {
  private readonly ports: ReaderPorts;
  private readonly pipeline: Pipeline<Piece>;
  private held = 0;
  private bytes = 0;

  constructor(ports: ReaderPorts) {
    this.ports = ports;
    const width = ports.definition.ordering === "ordered" ? 1 : widthMax;
    this.pipeline = new Pipeline(width, (piece) => this.settle(piece));
  }

  async run(connection: NatsConnection, signal: AbortSignal): Promise<void> {
    const { definition, clock } = this.ports;
    const { subject = "", queueGroup, uid } = definition;
    // Listened for once: a subject that is not allowed is tried again and again.
    let stop = (): void => undefined;
    const end = (): void => stop();
    signal.addEventListener("abort", end, { once: true });
    void connection.closed().then(end);
    while (!signal.aborted && !connection.isClosed()) {
      const failure = await new Promise<string | undefined>((resolve) => {
        const subscription = connection.subscribe(subject, {
          queue: queueGroup ?? ownName(uid),
          callback: (error, message) => (error ? resolve(messageOf(error)) : this.take(message)),
        });
        this.ports.upstream(undefined);
        stop = () => {
          if (!connection.isClosed()) subscription.unsubscribe();
          resolve(undefined);
        };
      });
      if (failure === undefined) break;
      stop = () => undefined;
      this.ports.upstream(`subject ${subject} cannot be listened to: ${failure}`);
      await sleep(clock, againMs, signal).catch(() => undefined);
    }
    signal.removeEventListener("abort", end);
  }

  /** A subscription comes back with the connection by itself. */
  connectionChanged(): void {}

  counts(): ReaderCounts {
    return { stream: undefined, pending: 0, inFlight: this.held };
  }

  drain(): Promise<void> {
    return this.pipeline.idle();
  }

  abandon(): void {
    const why = "the source was stopped while the sink did not answer";
    for (let left = this.held; left > 0; left--) this.ports.dropped(why);
  }

  private take(message: Msg): void {
    const { definition, clock, random } = this.ports;
    const { data, subject } = message;
    if (this.held >= heldMax || (this.held > 0 && this.bytes + data.length > heldBytesMax)) {
      this.ports.dropped(`${this.held} messages wait for the sink, no more are kept`);
      return;
    }
    const headers = headersOf(message.headers);
    const record = { subject, headers, data, time: clock.now(), stored: undefined, uuid: uuidOf(random) };
    this.held += 1;
    this.bytes += data.length;
    this.pipeline.put({
      mapped: natsEvent(record, definition),
      messageId: natsMessageId(definition.uid, record),
      origin: natsOrigin(record),
      raw: data,
    });
  }

  private async settle(piece: Piece): Promise<void> {
    const outcome = await this.ports.hand(piece);
    this.held -= 1;
    this.bytes -= piece.raw.length;
    if (outcome === "given-up") this.ports.dropped("the source was stopped while the sink was unavailable");
  }
}
