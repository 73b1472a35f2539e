import type { Cursor, CursorConfig, CursorInfo, Puller, PullOptions } from "../engine.ts";
import { apiCodes, type JetstreamApi } from "./jetstream-api.ts";
import { nanosPerMs } from "./stream-config.ts";

interface ConsumerInfo {
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly delivered: { readonly stream_seq: number };
}

/** A durable pull consumer: explicit acks, from the first message on, delivered again without end. */
export class JetstreamCursor implements Cursor {
  private readonly api: JetstreamApi;
  private readonly stream: string;
  private readonly config: CursorConfig;
  private readonly start: (options: PullOptions) => Puller;

  constructor(api: JetstreamApi, stream: string, config: CursorConfig, start: (options: PullOptions) => Puller) {
    this.api = api;
    this.stream = stream;
    this.config = config;
    this.start = start;
  }

  async open(): Promise<void> {
    const { name, filterSubject, ackWaitMs, maxAckPending } = this.config;
    await this.api.request(`CONSUMER.DURABLE.CREATE.${this.stream}.${name}`, {
      stream_name: this.stream,
      config: {
        durable_name: name,
        ack_policy: "explicit",
        deliver_policy: "all",
        replay_policy: "instant",
        ack_wait: ackWaitMs * nanosPerMs,
        max_ack_pending: maxAckPending,
        max_deliver: -1,
        ...(filterSubject === undefined ? {} : { filter_subject: filterSubject }),
      },
    });
  }

  pull(options: PullOptions): Puller {
    return this.start(options);
  }

  async info(): Promise<CursorInfo | undefined> {
    const { consumerNotFound, streamNotFound } = apiCodes;
    const path = `CONSUMER.INFO.${this.stream}.${this.config.name}`;
    const info = await this.api.request<ConsumerInfo>(path, undefined, consumerNotFound, streamNotFound);
    const { num_pending: pending = 0, num_ack_pending: ackPending = 0, delivered } = info ?? {};
    return info && { pending, ackPending, handedOut: delivered?.stream_seq ?? 0 };
  }

  /**
   * nats-server 2.9 may write into a cursor's folder while it removes it and then fails ("directory not empty", with the
   * code of any failure of its own), so that is tried once more. By then the cursor may be gone, which is as good.
   */
  async delete(): Promise<void> {
    const { consumerNotFound, streamNotFound, streamFailure } = apiCodes;
    const path = `CONSUMER.DELETE.${this.stream}.${this.config.name}`;
    const gone = [consumerNotFound, streamNotFound];
    const deleted = await this.api.request(path, undefined, ...gone, streamFailure);
    if (!deleted) await this.api.request(path, undefined, ...gone);
  }
}
