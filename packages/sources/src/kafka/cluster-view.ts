import type { Clock } from "@rouse/base";
import type { Admin } from "kafkajs";
import { ClientSockets, createKafkaClient, type KafkaConnection, requestTimedOut } from "./connection.ts";
import { Silence } from "./silence.ts";
import { within } from "./within.ts";

/** The first offset that a partition keeps, and the one after its last record. */
export interface Bounds {
  readonly low: string;
  readonly high: string;
}

/** By topic and partition. */
export type ByPartition<T> = ReadonlyMap<string, ReadonlyMap<number, T>>;

export interface ClusterViewOptions {
  readonly connection: KafkaConnection;
  readonly clientId: string;
  readonly consumerGroup: string;
  readonly clock: Clock;
  /** How long a broker may take for one answer, milliseconds. */
  readonly requestTimeoutMs: number;
}

const answerWithinMs = 20_000;
const closeWithinMs = 1_000;

interface Open {
  readonly admin: Admin;
  readonly silence: Silence;
  readonly sockets: ClientSockets;
}

/**
 * What can be asked of a cluster beside its records. Connects when asked; after a failure the next question goes over a
 * new connection. Every question rejects with the client's error, or after 20 s. Whoever made it disposes it.
 */
export class ClusterView implements AsyncDisposable {
  private readonly options: ClusterViewOptions;
  private opening: Promise<Open> | undefined;
  private closed = false;

  constructor(options: ClusterViewOptions) {
    this.options = options;
  }

  /** Those of the topics that there are; nothing is created by asking. */
  existing(topics: readonly string[]): Promise<ReadonlySet<string>> {
    return this.ask(async (admin) => {
      const all = new Set(await admin.listTopics());
      return new Set(topics.filter((topic) => all.has(topic)));
    });
  }

  /** The partitions of topics that exist, with their bounds. */
  bounds(topics: readonly string[]): Promise<ByPartition<Bounds>> {
    return this.ask(async (admin) => {
      const offsets = await Promise.all(
        topics.map(async (topic) => [topic, await admin.fetchTopicOffsets(topic)] as const),
      );
      return new Map(
        offsets.map(([topic, partitions]) => [
          topic,
          new Map(partitions.map(({ partition, low, high }) => [partition, { low, high }])),
        ]),
      );
    });
  }

  /** What the group committed; partitions without are left out. */
  committed(topics: readonly string[]): Promise<ByPartition<string>> {
    return this.ask(async (admin) => {
      const offsets = await admin.fetchOffsets({ groupId: this.options.consumerGroup, topics: [...topics] });
      return new Map(
        offsets.map(({ topic, partitions }) => [
          topic,
          new Map(
            partitions
              .filter(({ offset }) => !offset.startsWith("-"))
              .map(({ partition, offset }) => [partition, offset]),
          ),
        ]),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    await this.drop(this.opening);
  }

  private async ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.closed) throw new Error("the view of the cluster was closed");
    this.opening ??= this.open();
    const opening = this.opening;
    try {
      const late = new Error("the brokers did not answer within 20 s");
      return await within(
        this.options.clock,
        answerWithinMs,
        late,
        opening.then(({ admin, silence }) => silence.orAnswer(question(admin))),
      );
    } catch (thrown) {
      // The client remembers what it was asked about, topics that are gone included: a new one does not.
      void this.drop(opening);
      throw thrown;
    }
  }

  private async open(): Promise<Open> {
    const { connection, clientId, requestTimeoutMs } = this.options;
    const sockets = new ClientSockets();
    const client = createKafkaClient(connection, { clientId, sockets, requestTimeoutMs });
    const admin = client.admin();
    const silence = new Silence();
    admin.on(admin.events.REQUEST_TIMEOUT, ({ payload }) => silence.fallen(requestTimedOut(payload)));
    const open = { admin, silence, sockets };
    try {
      await silence.orAnswer(admin.connect());
    } catch (thrown) {
      await this.close(open);
      throw thrown;
    }
    return open;
  }

  private async drop(opening: Promise<Open> | undefined): Promise<void> {
    if (opening === undefined) return;
    if (this.opening === opening) this.opening = undefined;
    const open = await within(this.options.clock, closeWithinMs, undefined, opening).catch(() => undefined);
    if (open !== undefined) await this.close(open);
    else void opening.then((late) => this.close(late)).catch(() => undefined);
  }

  private async close({ admin, sockets }: Open): Promise<void> {
    await within(this.options.clock, closeWithinMs, undefined, admin.disconnect()).catch(() => undefined);
    sockets.close();
  }
}
