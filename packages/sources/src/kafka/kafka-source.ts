import { setMaxListeners } from "node:events";
import { type Backoff, backoffDelayMs, type Clock, Scope, sleep } from "@rouse/base";
import type { Sink } from "../sink.ts";
import type { Source, SourcePhase, SourceTrouble } from "../source.ts";
import type { AssignmentEvents, TopicPartition } from "./assignment.ts";
import { ClusterView } from "./cluster-view.ts";
import type { KafkaConnection } from "./connection.ts";
import { ConsumerSession, type MemberState } from "./consumer-session.ts";
import type { KafkaShape } from "./mapping.ts";
import type { PartitionLane } from "./partition-lane.ts";
import type { StartPosition } from "./start-position.ts";
import { TopicWatch } from "./topic-watch.ts";
import { kafkaLogWords, kafkaWords, type WordsContext } from "./trouble-words.ts";

/** A KafkaSource as its runner sees it; every field is resolved, secrets are filled in. */
export interface KafkaSourceDefinition extends KafkaShape {
  readonly uid: string;
  readonly connection: KafkaConnection;
  /** At least one. */
  readonly topics: readonly string[];
  readonly consumerGroup: string;
  /** Members of the group that this process runs, at least 1. */
  readonly consumers: number;
  /** Where a partition begins that the group has committed nothing of. */
  readonly initialOffset: "latest" | "earliest";
  readonly ordering: "ordered" | "unordered";
}

/** What a KafkaSource works with. */
export interface KafkaSourceOptions {
  readonly definition: KafkaSourceDefinition;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told when the status changed; called often, must be cheap and must not throw. */
  readonly changed?: () => void;
  /** How long disposing may take, milliseconds; default 5,000. What is in flight gets half of it. */
  readonly drainMs?: number;
  /** How long a broker may take for an answer, milliseconds; default 15,000. */
  readonly requestTimeoutMs?: number;
  /** How long the group waits for a member that died without leaving, milliseconds; default 30,000. */
  readonly sessionTimeoutMs?: number;
}

/** A partition that this process reads. Offsets are decimal strings of up to 64 bits. */
export interface KafkaPartitionStatus {
  readonly topic: string;
  readonly partition: number;
  readonly committed: string | undefined;
  /** The offset after the last record, as of a few seconds ago. */
  readonly end: string | undefined;
  /** Records between the two. */
  readonly lag: number;
}

/** How a KafkaSource is at this moment; counts since the start of this one. */
export interface KafkaSourceStatus {
  readonly phase: SourcePhase;
  /** Of the consumers that is furthest from reading. */
  readonly group: MemberState;
  readonly consumers: { readonly wanted: number; readonly joined: number };
  /** Those of this process, by topic and number. */
  readonly partitions: readonly KafkaPartitionStatus[];
  /** The sum over the partitions of this process. */
  readonly lag: number;
  readonly trouble: SourceTrouble | undefined;
  readonly stored: number;
  readonly duplicates: number;
  readonly buried: number;
}

export type KafkaSource = Source<KafkaSourceStatus>;

const backoff: Backoff = { policy: "exponential", delayMs: 250, capMs: 10_000, jitter: 0.2 };
/** How long a jump of the position is shown. */
const movedForMs = 600_000;
/** From bad to good. */
const states: readonly MemberState[] = ["disconnected", "connecting", "joining", "rebalancing", "stable"];
/** What may be wrong at the same time; the first that is there is shown. */
const troubleKinds = ["connection", "topics", "group", "position", "sink", "commit", "moved"] as const;
type TroubleKind = (typeof troubleKinds)[number];

/**
 * Makes events of the records of Kafka topics. Offsets are committed only after storage, and nothing that Kafka does ends
 * the source: it begins anew with a backoff and says in its status what is wrong.
 */
export function createKafkaSource(options: KafkaSourceOptions): KafkaSource {
  return new RunningKafkaSource(options);
}

class RunningKafkaSource implements KafkaSource {
  private readonly options: KafkaSourceOptions;
  private readonly context: WordsContext;
  private readonly drainMs: number;
  private readonly scope: Scope;
  private readonly view: ClusterView;
  private readonly watch: TopicWatch;
  /** The last lane of each partition, whichever of our consumers had it. */
  private readonly lanes = new Map<string, PartitionLane>();
  private readonly members: MemberState[];
  private readonly troubles = new Map<TroubleKind, SourceTrouble>();
  private readonly counts = { stored: 0, duplicates: 0, buried: 0 };
  private phase: SourcePhase = "idle";

  constructor(options: KafkaSourceOptions) {
    this.options = options;
    const { definition, clock, random, drainMs = 5_000, requestTimeoutMs = 15_000 } = options;
    const { connection, consumerGroup, topics, namespace, name } = definition;
    this.context = { connection, consumerGroup, topics };
    this.drainMs = drainMs;
    this.scope = new Scope({ clock, drainMs: drainMs + 1_000 });
    this.members = Array.from({ length: definition.consumers }, () => "disconnected");
    const clientId = `rouse-${namespace}-${name}`;
    this.view = new ClusterView({ connection, clientId, consumerGroup, clock, requestTimeoutMs });
    const { signal } = this.scope;
    // Each of up to a hundred consumers may wait for its next attempt.
    setMaxListeners(0, signal);
    const looked = (failure: unknown): void => this.looked(failure);
    this.watch = new TopicWatch({ topics, view: this.view, clock, random, signal, looked });
  }

  start(): void {
    if (this.phase !== "idle") return;
    this.phase = "running";
    const watching = this.watch.run();
    const members = this.members.map((_, index) => this.member(index));
    this.scope.defer(async () => {
      await Promise.all([...members, watching, this.view[Symbol.asyncDispose]()]);
    });
    this.changed();
  }

  status(): KafkaSourceStatus {
    const partitions = [...this.lanes.values()].filter((lane) => lane.active).map((lane) => this.partition(lane));
    partitions.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
    return {
      phase: this.phase,
      group: states.find((state) => this.members.includes(state)) ?? "disconnected",
      consumers: { wanted: this.members.length, joined: this.members.filter((state) => state === "stable").length },
      partitions,
      lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
      trouble: troubleKinds.map((kind) => this.troubles.get(kind)).find((trouble) => trouble !== undefined),
      ...this.counts,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.phase = "closed";
    await this.scope.close().catch(() => undefined);
    this.changed();
  }

  private partition({ topic, partition, committed, end: fetched }: PartitionLane): KafkaPartitionStatus {
    const asked = this.watch.endOf(topic, partition);
    const end = fetched === undefined || (asked !== undefined && BigInt(asked) > BigInt(fetched)) ? asked : fetched;
    const behind = committed === undefined || end === undefined ? 0n : BigInt(end) - BigInt(committed);
    return { topic, partition, committed, end, lag: behind > 0n ? Number(behind) : 0 };
  }

  /** One consumer after the other, until the source is disposed. */
  private async member(index: number): Promise<void> {
    const { clock, random } = this.options;
    const { signal } = this.scope;
    for (let failures = 0; !signal.aborted; ) {
      const found = await this.watch.topics();
      if (found === undefined) return;
      let joined = false;
      const state = (next: MemberState): void => {
        joined ||= next === "stable";
        this.members[index] = next;
        this.changed();
      };
      const failure = await this.session(index, found.topics, state).run(AbortSignal.any([signal, found.changed]));
      if (signal.aborted || failure === undefined) continue;
      this.complain("group", kafkaWords(failure, this.context));
      failures = joined ? 1 : failures + 1;
      await sleep(clock, backoffDelayMs(backoff, failures, random), signal).catch(() => undefined);
    }
  }

  private session(index: number, topics: readonly string[], state: (next: MemberState) => void): ConsumerSession {
    const { definition, sink, clock, random, requestTimeoutMs = 15_000, sessionTimeoutMs = 30_000 } = this.options;
    const { uid, connection, consumerGroup, ordering, namespace, name } = definition;
    return new ConsumerSession({
      uid,
      shape: definition,
      sink,
      connection,
      consumerGroup,
      ordering,
      topics,
      clientId: `rouse-${namespace}-${name}-${index}`,
      view: this.view,
      lanes: this.lanes,
      initial: (part) => this.initial(part),
      clock,
      random,
      drainMs: this.drainMs,
      requestTimeoutMs,
      sessionTimeoutMs,
      events: this.assignmentEvents(),
      session: {
        state,
        alive: () => this.clear("group"),
        log: (line) => {
          const words = kafkaLogWords(line, this.context);
          if (words !== undefined) this.complain("group", words);
        },
      },
    });
  }

  private initial({ topic, partition }: TopicPartition): string | undefined {
    return this.options.definition.initialOffset === "latest" ? this.watch.firstEndOf(topic, partition) : undefined;
  }

  private assignmentEvents(): AssignmentEvents {
    return {
      settled: (outcome) => {
        if (outcome === "buried") this.counts.buried += 1;
        else if (outcome === "duplicate") this.counts.duplicates += 1;
        else this.counts.stored += 1;
        this.clear("sink");
        this.changed();
      },
      held: (reason) => this.complain("sink", `the sink is unavailable: ${reason}`),
      committed: (failure) => this.outcome("commit", failure, "offsets could not be committed: "),
      positioned: (failure) => {
        this.outcome("position", failure, "partitions cannot be begun: ");
        if (failure === undefined) this.clear("commit");
      },
      started: ({ topic, partition }) => this.watch.started(topic, partition),
      moved: (part, start) => this.complain("moved", movedWords(part, start)),
    };
  }

  private looked(failure: unknown): void {
    const { missing } = this.watch;
    if (failure !== undefined) this.complain("connection", kafkaWords(failure, this.context));
    else this.clear("connection");
    if (missing.length === 0) this.clear("topics");
    else if (missing.length === 1) this.complain("topics", `topic "${missing[0]}" does not exist`);
    else this.complain("topics", `topics ${missing.map((topic) => `"${topic}"`).join(", ")} do not exist`);
    const moved = this.troubles.get("moved");
    if (moved !== undefined && this.options.clock.now() - moved.at > movedForMs) this.clear("moved");
    this.changed();
  }

  private outcome(kind: TroubleKind, failure: unknown, prefix: string): void {
    if (failure === undefined) this.clear(kind);
    else this.complain(kind, `${prefix}${kafkaWords(failure, this.context)}`);
    this.changed();
  }

  private complain(kind: TroubleKind, message: string): void {
    if (this.troubles.get(kind)?.message === message) return;
    this.troubles.set(kind, { at: this.options.clock.now(), message });
    this.changed();
  }

  private clear(kind: TroubleKind): void {
    if (this.troubles.delete(kind)) this.changed();
  }

  private changed(): void {
    this.options.changed?.();
  }
}

function movedWords({ topic, partition }: TopicPartition, start: StartPosition): string {
  const where = `partition ${partition} of topic "${topic}"`;
  if (start.kind === "expired") {
    return `${where}: records ${start.committed} to ${start.offset} were deleted by its retention before they were read`;
  }
  return `${where} was made anew or cut off; it is read from offset ${start.offset} on`;
}
