import type { Clock } from "@rouse/base";
import type {
  Cursor,
  CursorConfig,
  OutgoingMessage,
  Puller,
  PullOptions,
  ReadOptions,
  Stored,
  StoredMessage,
  Stream,
  StreamInfo,
} from "../engine.ts";
import type { InboxPublisher } from "./inbox-publisher.ts";
import { apiCodes, type JetstreamApi } from "./jetstream-api.ts";
import { JetstreamCursor } from "./jetstream-cursor.ts";
import { JetstreamPuller } from "./jetstream-puller.ts";
import type { Link } from "./link.ts";
import { readStream } from "./stream-reader.ts";
import { parseHeaders } from "./wire-headers.ts";

/** What the streams of one engine share. */
export interface StreamParts {
  readonly link: Link;
  readonly clock: Clock;
  readonly api: JetstreamApi;
  readonly publisher: InboxPublisher;
  /** Every puller that is pulling, so that closing the engine ends them. */
  readonly pullers: Set<JetstreamPuller>;
  /**
   * False on old servers: there (seen on 2.9.10) purging one subject moves cursors of other subjects past messages
   * that they never handed out.
   */
  readonly purgeKeepsCursors: boolean;
}

interface StreamState {
  readonly messages: number;
  readonly bytes: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly subjects?: Readonly<Record<string, number>>;
}

interface InfoAnswer {
  readonly state: StreamState;
  readonly total?: number;
}

interface GetAnswer {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly hdrs?: string;
    readonly data?: string;
    readonly time: string;
  };
}

/** A stream kept by JetStream. */
export class JetstreamStream implements Stream {
  readonly name: string;
  private readonly parts: StreamParts;

  constructor(name: string, parts: StreamParts) {
    this.name = name;
    this.parts = parts;
  }

  append(message: OutgoingMessage): Promise<Stored> {
    return this.parts.publisher.publish(message);
  }

  cursor(config: CursorConfig): Cursor {
    const start = (options: PullOptions): Puller => {
      const { link, clock, pullers } = this.parts;
      const exists = async () => (await cursor.info()) !== undefined;
      const place = { stream: this.name, cursor: config.name, exists };
      const puller = new JetstreamPuller(link, clock, place, options, (ended) => void pullers.delete(ended));
      pullers.add(puller);
      return puller;
    };
    const cursor = new JetstreamCursor(this.parts.api, this.name, config, start);
    return cursor;
  }

  async info(): Promise<StreamInfo> {
    const { state } = (await this.parts.api.request<InfoAnswer>(`STREAM.INFO.${this.name}`, undefined))!;
    const { messages, bytes, last_seq: lastSequence } = state;
    return { messages, bytes, firstSequence: messages === 0 ? lastSequence + 1 : state.first_seq, lastSequence };
  }

  async counts(filterSubject: string): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (;;) {
      const body = { subjects_filter: filterSubject, offset: counts.size };
      const answer = (await this.parts.api.request<InfoAnswer>(`STREAM.INFO.${this.name}`, body))!;
      const page = Object.entries(answer.state.subjects ?? {});
      for (const [subject, count] of page) counts.set(subject, count);
      if (page.length === 0 || counts.size >= (answer.total ?? 0)) return counts;
    }
  }

  get(sequence: number): Promise<StoredMessage | undefined> {
    return this.load({ seq: sequence });
  }

  async *read(options: ReadOptions, signal?: AbortSignal): AsyncGenerator<StoredMessage> {
    const { lastSequence } = await this.info();
    const next = (seq: number, filter: string) => this.load({ seq, next_by_subj: filter });
    yield* readStream(next, lastSequence, options, signal);
  }

  async remove(sequence: number): Promise<boolean> {
    const { messageNotFound, sequenceNotFound, messageDeleteFailed } = apiCodes;
    const path = `STREAM.MSG.DELETE.${this.name}`;
    const body = { seq: sequence, no_erase: true };
    const gone = [messageNotFound, sequenceNotFound, messageDeleteFailed];
    return (await this.parts.api.request(path, body, ...gone)) !== undefined;
  }

  async purge(subject: string): Promise<number> {
    if (this.parts.purgeKeepsCursors) {
      const path = `STREAM.PURGE.${this.name}`;
      return (await this.parts.api.request<{ purged: number }>(path, { filter: subject }))!.purged;
    }
    let purged = 0;
    for await (const { sequence } of this.read({ filterSubject: subject })) {
      if (await this.remove(sequence)) purged++;
    }
    return purged;
  }

  private async load(what: object): Promise<StoredMessage | undefined> {
    const path = `STREAM.MSG.GET.${this.name}`;
    const answer = await this.parts.api.request<GetAnswer>(path, what, apiCodes.messageNotFound);
    if (!answer) return undefined;
    const { subject, seq, hdrs = "", data = "", time } = answer.message;
    return {
      sequence: seq,
      subject,
      headers: parseHeaders(Buffer.from(hdrs, "base64").toString("utf8")),
      data: Buffer.from(data, "base64"),
      storedAt: Date.parse(time),
    };
  }
}
