import { type Backoff, backoffDelayMs, type Clock, sleep, type Timer } from "@rouse/base";
import type { KafkaMessage } from "kafkajs";
import type { ClusterView } from "./cluster-view.ts";
import type { HandOverOptions } from "./hand-over.ts";
import { PartitionLane } from "./partition-lane.ts";
import { type StartPosition, startPosition } from "./start-position.ts";

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What an assignment needs of the consumer whose it is. */
export interface ConsumerControl {
  pause(parts: readonly TopicPartition[]): void;
  resume(parts: readonly TopicPartition[]): void;
  seek(part: TopicPartition, offset: string): void;
  /** For the present generation only; once, without repeating. */
  commit(offsets: readonly (TopicPartition & { readonly offset: string })[]): Promise<void>;
}

/** What an assignment tells; all must be cheap and must not throw. */
export interface AssignmentEvents {
  settled(outcome: "stored" | "duplicate" | "buried"): void;
  held(reason: string): void;
  committed(failure: unknown): void;
  positioned(failure: unknown): void;
  /** A partition is read from now on; its position is committed. */
  started(part: TopicPartition): void;
  /** A partition was begun elsewhere than where the group was. */
  moved(part: TopicPartition, start: StartPosition): void;
}

export interface AssignmentOptions extends HandOverOptions {
  readonly parts: readonly TopicPartition[];
  readonly ordering: "ordered" | "unordered";
  readonly control: ConsumerControl;
  readonly view: Pick<ClusterView, "committed" | "bounds">;
  /** The lanes of this source, the last one of each partition, whichever of its consumers had it. */
  readonly lanes: Map<string, PartitionLane>;
  /** Where a partition begins that nothing is committed of; undefined: with the first record. */
  readonly initial: (part: TopicPartition) => string | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: AssignmentEvents;
}

const backoff: Backoff = { policy: "exponential", delayMs: 200, capMs: 5_000, jitter: 0.2 };
const commitEveryMs = 500;
/** How long a batch of a full lane is held back as long as the lane moves, and how often that is looked at. */
const holdBackMs = 1_000;
const lookMs = 200;

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/**
 * The partitions that one consumer has in one generation of its group. Begins paused; each partition is read from a
 * position that is decided here and committed first, so that what the client would assume by itself never counts.
 */
export class Assignment {
  private readonly options: AssignmentOptions;
  private readonly lanes = new Map<string, PartitionLane>();
  private readonly ended = new AbortController();
  private readonly rooms = new Map<PartitionLane, () => void>();
  private readonly paused = new Set<PartitionLane>();
  private timer: Timer | undefined;
  private committing: Promise<void> | undefined;
  private draining = false;

  constructor(options: AssignmentOptions) {
    this.options = options;
    options.control.pause(options.parts);
    void this.position(options.parts);
  }

  /** Takes a batch; false when it is not what is to be read next, and must not count as read. */
  offer(
    part: TopicPartition,
    fetchedFrom: string,
    messages: readonly KafkaMessage[],
    end: string,
    high: string,
  ): boolean {
    const lane = this.lanes.get(partitionKey(part));
    if (lane === undefined || this.draining || this.ended.signal.aborted) return false;
    lane.end = high;
    if (lane.next !== fetchedFrom) {
      this.reposition(part, lane);
      return false;
    }
    lane.offer(messages, end);
    return true;
  }

  /** There was nothing to read in what was fetched up to `end`. */
  skip(part: TopicPartition, end: string): void {
    this.lanes.get(partitionKey(part))?.skip(end);
  }

  /** Holds the reader back while a partition has more than enough; pauses the partition when that lasts. */
  async room(part: TopicPartition, heartbeat: () => Promise<void>): Promise<void> {
    const lane = this.lanes.get(partitionKey(part));
    if (lane === undefined) return;
    for (let waitedMs = 0; lane.full && !this.ended.signal.aborted; waitedMs += lookMs) {
      const before = lane.done;
      await this.roomFor(lane);
      await heartbeat();
      if (lane.full && (lane.done === before || waitedMs >= holdBackMs)) {
        this.paused.add(lane);
        this.options.control.pause([part]);
        return;
      }
    }
  }

  /** Commits what may be committed and is not yet; failures are told, never thrown. */
  commit(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    this.committing ??= this.commitAll()
      .then(() => this.options.events.committed(undefined))
      .catch((failure) => {
        if (!this.ended.signal.aborted && !rebalances(failure)) this.options.events.committed(failure);
      })
      .finally(() => {
        this.committing = undefined;
        if (this.dirty().length > 0) this.commitSoon();
      });
    return this.committing;
  }

  /** Begins nothing more; resolves when nothing is in flight. */
  async drain(): Promise<void> {
    this.draining = true;
    this.options.control.pause(this.options.parts);
    for (const lane of this.lanes.values()) lane.stop();
    await Promise.all([...this.lanes.values()].map((lane) => lane.idle()));
    await this.committing;
  }

  /** The partitions are not ours any more. */
  revoke(): void {
    this.ended.abort(new Error("the assignment ended"));
    this.timer?.cancel();
    this.timer = undefined;
    for (const lane of this.lanes.values()) lane.revoke();
    for (const free of this.rooms.values()) free();
  }

  private roomFor(lane: PartitionLane): Promise<void> {
    return new Promise((resolve) => {
      const free = (): void => {
        timer.cancel();
        this.rooms.delete(lane);
        resolve();
      };
      const timer = this.options.clock.setTimer(lookMs, free);
      this.rooms.set(lane, free);
    });
  }

  /** The client reads elsewhere than we do: it was told that its offset is out of range. Begins the partition anew. */
  private reposition(part: TopicPartition, lane: PartitionLane): void {
    this.options.control.pause([part]);
    lane.revoke();
    this.lanes.delete(partitionKey(part));
    void this.position([part]);
  }

  private async position(parts: readonly TopicPartition[]): Promise<void> {
    const { clock, random, events } = this.options;
    for (let attempt = 1; !this.ended.signal.aborted && parts.length > 0; attempt += 1) {
      try {
        await this.positionOnce(parts);
        if (!this.ended.signal.aborted) events.positioned(undefined);
        return;
      } catch (failure) {
        if (this.ended.signal.aborted) return;
        events.positioned(failure);
        await sleep(clock, backoffDelayMs(backoff, attempt, random), this.ended.signal).catch(() => undefined);
      }
    }
  }

  private async positionOnce(parts: readonly TopicPartition[]): Promise<void> {
    const { view, control, events } = this.options;
    const topics = [...new Set(parts.map(({ topic }) => topic))];
    const [committed, bounds] = await Promise.all([view.committed(topics), view.bounds(topics)]);
    if (this.ended.signal.aborted) return;
    const lanes = parts.map((part) => {
      const known = bounds.get(part.topic)?.get(part.partition);
      if (known === undefined) throw new Error(`partition ${part.partition} of topic "${part.topic}" is not there`);
      const initial = this.options.initial(part);
      const start = startPosition({ ...known, committed: committed.get(part.topic)?.get(part.partition), initial });
      return this.laneOf(part, start, known.high);
    });
    // Committed before anything is read: a consumer that comes after us must not begin later than we did.
    const offsets = lanes.filter((lane) => lane.committed === undefined).map(offsetOf);
    if (offsets.length > 0) await control.commit(offsets);
    if (this.ended.signal.aborted || this.draining) return;
    for (const lane of lanes) {
      lane.committed = lane.next;
      this.lanes.set(partitionKey(lane), lane);
      this.options.lanes.set(partitionKey(lane), lane);
      events.started(lane);
      control.seek(lane, lane.next);
    }
    control.resume(parts);
  }

  private laneOf(part: TopicPartition, start: StartPosition, end: string): PartitionLane {
    const { events, control } = this.options;
    const lane: PartitionLane = new PartitionLane({
      ...this.options,
      ...part,
      start: start.offset,
      former: this.options.lanes.get(partitionKey(part)),
      events: {
        settled: (outcome) => {
          events.settled(outcome);
          this.commitSoon();
        },
        held: (reason) => events.held(reason),
        roomy: () => {
          this.rooms.get(lane)?.();
          if (this.paused.delete(lane) && !this.ended.signal.aborted && !this.draining) control.resume([part]);
        },
      },
    });
    lane.end = end;
    if (start.kind === "resumed") lane.committed = start.offset;
    if (start.kind === "expired" || start.kind === "made-anew") events.moved(part, start);
    return lane;
  }

  private commitSoon(): void {
    if (this.timer !== undefined || this.committing !== undefined || this.ended.signal.aborted) return;
    this.timer = this.options.clock.setTimer(commitEveryMs, () => void this.commit());
  }

  private dirty(): PartitionLane[] {
    return [...this.lanes.values()].filter((lane) => lane.active && lane.position !== lane.committed);
  }

  private async commitAll(): Promise<void> {
    if (this.ended.signal.aborted) return;
    const lanes = this.dirty();
    if (lanes.length === 0) return;
    const offsets = lanes.map(offsetOf);
    await this.options.control.commit(offsets);
    for (const [index, lane] of lanes.entries()) lane.committed = offsets[index]!.offset;
  }
}

/** The group is being shared out anew: what could not be committed is read again by whoever gets it. */
function rebalances(failure: unknown): boolean {
  const { type } = failure as { readonly type?: string };
  return type === "REBALANCE_IN_PROGRESS" || type === "ILLEGAL_GENERATION" || type === "UNKNOWN_MEMBER_ID";
}

function offsetOf({ topic, partition, position }: PartitionLane): TopicPartition & { offset: string } {
  return { topic, partition, offset: position };
}
