import type { Timer } from "@rouse/base";
import type { Consumer, EachBatchPayload } from "kafkajs";
import { Assignment, type AssignmentOptions, type ConsumerControl, type TopicPartition } from "./assignment.ts";
import {
  ClientSockets,
  createKafkaClient,
  type KafkaConnection,
  type KafkaLogLine,
  requestTimedOut,
} from "./connection.ts";
import { within } from "./within.ts";

/** Where one consumer is in its group. */
export type MemberState = "disconnected" | "connecting" | "joining" | "rebalancing" | "stable";

export interface SessionEvents {
  state(state: MemberState): void;
  /** The brokers answer this member. */
  alive(): void;
  log(line: KafkaLogLine): void;
}

export interface SessionOptions extends Omit<AssignmentOptions, "parts" | "control"> {
  readonly connection: KafkaConnection;
  readonly clientId: string;
  readonly consumerGroup: string;
  /** All of them exist. */
  readonly topics: readonly string[];
  /** How long the end may take, milliseconds: what is in flight, the last commit, leaving the group. */
  readonly drainMs: number;
  /** How long a broker may take for one answer, milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long the group waits for a member that is silent, milliseconds. */
  readonly sessionTimeoutMs: number;
  readonly session: SessionEvents;
}

/** After so long without any answer the status says so; after so long the session is given up. */
const quietMs = 5_000;
const silenceMs = 45_000;
const lookMs = 1_000;
/**
 * How often the client tries to reach the brokers again within a session: as a member that comes back it goes on where
 * it was, while a new one has to wait until the group has given up the old one.
 */
const reconnects = 40;
/** Short, because the client waits that long, too, before it reads a partition that was resumed. */
const fetchWaitMs = 250;

/**
 * One consumer from its connection to its end. It never restarts by itself: whatever the client would retry in its own
 * way ends the session, and the next one begins with new sockets.
 */
export class ConsumerSession {
  private readonly options: SessionOptions;
  private readonly sockets = new ClientSockets();
  private readonly consumer: Consumer;
  private readonly over: Promise<unknown>;
  private end: (why: unknown) => void = () => undefined;
  private assignment: Assignment | undefined;
  private commitNow: EachBatchPayload["commitOffsetsIfNecessary"] | undefined;
  private heardAt: number;
  private watch: Timer | undefined;
  private closing = false;
  /** An assigned member that hears nothing. */
  private quiet = false;

  constructor(options: SessionOptions) {
    this.options = options;
    this.heardAt = options.clock.monotonic();
    const { connection, clientId, consumerGroup, requestTimeoutMs, sessionTimeoutMs } = options;
    const { sockets } = this;
    const onLog = (line: KafkaLogLine): void => {
      if (!this.closing) options.session.log(line);
    };
    const retries = reconnects;
    const client = createKafkaClient(connection, { clientId, sockets, onLog, requestTimeoutMs, retries });
    this.consumer = client.consumer({
      groupId: consumerGroup,
      allowAutoTopicCreation: false,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: 30_000,
      heartbeatInterval: sessionTimeoutMs / 10,
      maxWaitTimeInMs: fetchWaitMs,
      metadataMaxAge: 30_000,
      retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 1_000, restartOnFailure: async () => false },
    });
    this.over = new Promise((resolve) => {
      this.end = resolve;
    });
    this.listen();
  }

  /** Consumes until the signal aborts (gives undefined) or something goes wrong (gives the error). Never rejects. */
  async run(signal: AbortSignal): Promise<unknown> {
    const stop = (): void => this.end(undefined);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    this.lookAfter();
    void this.begin().catch((failure) => this.end(failure));
    const why = await this.over;
    signal.removeEventListener("abort", stop);
    await this.close(why === undefined);
    return why;
  }

  private async begin(): Promise<void> {
    const { consumer, options } = this;
    options.session.state("connecting");
    await consumer.connect();
    // The start of a topic, always: where a new group begins with the end, that is committed before anything is read.
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
    if (this.closing) return;
    options.session.state("joining");
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) => this.take(payload),
    });
  }

  private listen(): void {
    const { consumer } = this;
    const { events } = consumer;
    consumer.on(events.GROUP_JOIN, ({ payload }) => this.joined(payload.memberAssignment));
    consumer.on(events.REBALANCING, () => {
      void this.assignment?.commit();
      this.options.session.state("rebalancing");
    });
    consumer.on(events.REQUEST, ({ payload }) => {
      this.heard();
      // From this answer on, a commit could count for the next generation.
      if (payload.apiName === "JoinGroup") this.revoke();
    });
    consumer.on(events.HEARTBEAT, () => this.options.session.alive());
    consumer.on(events.REQUEST_TIMEOUT, ({ payload }) => this.end(requestTimedOut(payload)));
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      const { topic, partition, batchSize, lastOffset } = payload;
      if (batchSize === 0) this.assignment?.skip({ topic, partition }, after(lastOffset));
    });
    consumer.on(events.CRASH, ({ payload }) => this.end(payload.error));
    consumer.on(events.STOP, () => this.end(new Error("the consumer stopped")));
  }

  private joined(memberAssignment: Record<string, number[]>): void {
    if (this.closing) return;
    this.revoke();
    const parts = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.assignment = new Assignment({ ...this.options, parts, control: this.control() });
    this.options.session.state("stable");
    this.options.session.alive();
  }

  private revoke(): void {
    this.assignment?.revoke();
    this.assignment = undefined;
  }

  private async take({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary }: EachBatchPayload): Promise<void> {
    this.commitNow = commitOffsetsIfNecessary;
    const { assignment } = this;
    if (assignment === undefined || this.closing) return;
    const part = { topic: batch.topic, partition: batch.partition };
    const last = batch.lastOffset();
    // Where the client fetched from; its types do not tell of it.
    const { fetchedOffset } = batch as unknown as { readonly fetchedOffset: string };
    if (!assignment.offer(part, fetchedOffset, batch.messages, after(last), batch.highWatermark)) return;
    resolveOffset(last);
    await assignment.room(part, heartbeat);
  }

  private control(): ConsumerControl {
    const { consumer } = this;
    const grouped = (parts: readonly TopicPartition[]) =>
      parts.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
    return {
      pause: (parts) => this.whileOpen(() => consumer.pause(grouped(parts))),
      resume: (parts) => this.whileOpen(() => consumer.resume(grouped(parts))),
      seek: ({ topic, partition }, offset) => this.whileOpen(() => consumer.seek({ topic, partition, offset })),
      commit: async (offsets) => {
        // What comes with a batch commits once and now; the consumer's own repeats, into a later generation too.
        if (this.commitNow === undefined) return consumer.commitOffsets([...offsets]);
        const topics = offsets.map(({ topic, partition, offset }) => ({ topic, partitions: [{ partition, offset }] }));
        await this.commitNow({ topics: merged(topics) });
      },
    };
  }

  /** The client throws when it has crashed meanwhile; the session ends by that, not by this. */
  private whileOpen(act: () => void): void {
    try {
      act();
    } catch (failure) {
      this.end(failure);
    }
  }

  private heard(): void {
    this.heardAt = this.options.clock.monotonic();
    if (!this.quiet) return;
    this.quiet = false;
    if (this.assignment !== undefined) this.options.session.state("stable");
  }

  private lookAfter(): void {
    const { clock, session } = this.options;
    this.watch = clock.setTimer(lookMs, () => {
      const silentMs = clock.monotonic() - this.heardAt;
      if (silentMs > silenceMs) {
        this.end(new Error(`the brokers have said nothing for ${silenceMs / 1000} s`));
        return;
      }
      if (silentMs > quietMs && !this.quiet && this.assignment !== undefined) {
        this.quiet = true;
        session.state("disconnected");
      }
      this.lookAfter();
    });
  }

  /** Within the drain deadline: what is in flight (half of it), the last commit, leaving the group; then by force. */
  private async close(inOrder: boolean): Promise<void> {
    const { clock, drainMs } = this.options;
    const quietly = (ms: number, work: Promise<unknown>): Promise<unknown> =>
      within(clock, ms, undefined, work).catch(() => undefined);
    const { assignment } = this;
    if (inOrder && assignment !== undefined) {
      await quietly(drainMs / 2, assignment.drain());
      await quietly(drainMs / 5, assignment.commit());
    }
    this.closing = true;
    this.revoke();
    this.watch?.cancel();
    await quietly(drainMs / 5, this.consumer.disconnect());
    this.sockets.close();
    this.options.session.state("disconnected");
  }
}

/** The offset after an offset. */
function after(offset: string): string {
  return (BigInt(offset) + 1n).toString();
}

interface TopicOffsets {
  readonly topic: string;
  readonly partitions: { readonly partition: number; readonly offset: string }[];
}

/** One entry for each topic. */
function merged(list: readonly TopicOffsets[]): TopicOffsets[] {
  const topics = new Map<string, TopicOffsets>();
  for (const { topic, partitions } of list) {
    const known = topics.get(topic);
    if (known) known.partitions.push(...partitions);
    else topics.set(topic, { topic, partitions: [...partitions] });
  }
  return [...topics.values()];
}
