import { type Backoff, backoffDelayMs, type Clock, type Timer } from "@rouse/base";
import type { KafkaMessage } from "kafkajs";
import { type HandedOver, HandOver, type HandOverOptions } from "./hand-over.ts";
import { OffsetTracker, type Taken } from "./offset-tracker.ts";

/** What a lane tells; all must be cheap and must not throw. */
export interface LaneEvents {
  /** A record was stored (or its dead record): there may be more to commit. */
  settled(outcome: "stored" | "duplicate" | "buried"): void;
  /** The sink did not take a record; it is tried again. */
  held(reason: string, retryInMs: number): void;
  /** A full lane has room again. */
  roomy(): void;
}

export interface LaneOptions extends HandOverOptions {
  readonly topic: string;
  readonly partition: number;
  /** The first offset that is to be read. */
  readonly start: string;
  readonly ordering: "ordered" | "unordered";
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: LaneEvents;
  /** The lane that had the partition before; in order, nothing begins before its last try is over. */
  readonly former: PartitionLane | undefined;
}

/** Records of a partition that may be with the sink at once, and that may wait behind them before fetching stops. */
export const laneWindow = 256;
/** Nor is more fetched while records of so many bytes wait or are with the sink. */
const heldBytesMax = 4 * 1024 * 1024;

const backoff: Backoff = { policy: "exponential", delayMs: 100, capMs: 5_000, jitter: 0.1 };
/** No wish of the sink is longer than this. */
const retryAfterMaxMs = 30_000;
/** A sink that has not answered by then is asked again under the same message id. */
const answerWithinMs = 30_000;

interface Work {
  readonly taken: Taken;
  readonly message: KafkaMessage;
  /** From the first try on. */
  handOver: HandOver | undefined;
}

/**
 * The records of one partition on their way to the sink, in one assignment. Ordered: one at a time, each until it is
 * stored, so that no later record can be stored before an earlier one, whatever a connection repeats. Unordered: up to
 * {@link laneWindow} at once. While the sink is unavailable all wait together, and one goes first when the wait is over.
 */
export class PartitionLane {
  readonly topic: string;
  readonly partition: number;
  /** The offset that is to be read next: what a batch must begin at. */
  next: string;
  /** The last offset known to be committed. */
  committed: string | undefined;
  /** The end of the partition as far as it is known. */
  end: string | undefined;
  private readonly options: LaneOptions;
  private readonly tracker: OffsetTracker;
  private readonly windowMax: number;
  /** How many may be in flight now: one after the sink was unavailable, then twice as many with each that is stored. */
  private window: number;
  private queue: Work[] = [];
  private head = 0;
  /** Tried and not stored; goes before the queue. */
  private readonly again: Work[] = [];
  private inFlight = 0;
  /** Of what waits and of what is with the sink. */
  private heldBytes = 0;
  private failures = 0;
  private hold: Timer | undefined;
  private waitsForFormer = false;
  private stopped = false;
  private revoked = false;
  private wasFull = false;
  private settledCount = 0;
  private whenIdle: (() => void)[] = [];

  constructor(options: LaneOptions) {
    const { topic, partition, start, ordering, former } = options;
    // Without the former lane: each would keep the one before it, for as long as the source runs.
    this.options = { ...options, former: undefined };
    this.topic = topic;
    this.partition = partition;
    this.next = start;
    this.tracker = new OffsetTracker(start);
    this.windowMax = ordering === "ordered" ? 1 : laneWindow;
    this.window = this.windowMax;
    if (ordering === "ordered" && former !== undefined && former.inFlight > 0) {
      this.waitsForFormer = true;
      void former.idle().then(() => {
        this.waitsForFormer = false;
        this.pump();
      });
    }
  }

  /** False once the partition is not ours any more. */
  get active(): boolean {
    return !this.revoked;
  }

  /** How many records were stored or buried: moves while there is progress. */
  get done(): number {
    return this.settledCount;
  }

  /** What may be committed. */
  get position(): string {
    return this.tracker.position;
  }

  /** True while so much waits that no more should be fetched. */
  get full(): boolean {
    return this.waiting >= laneWindow || this.heldBytes >= heldBytesMax;
  }

  /** Takes what was fetched; `end` is the offset after all of it. */
  offer(messages: readonly KafkaMessage[], end: string): void {
    if (this.stopped) return;
    const waiting = this.head === 0 ? this.queue : this.queue.slice(this.head);
    for (const message of messages) {
      waiting.push({ taken: this.tracker.take(message.offset), message, handOver: undefined });
      this.heldBytes += bytesOf(message);
    }
    this.queue = waiting;
    this.head = 0;
    this.next = end;
    this.tracker.reach(end);
    this.wasFull ||= this.full;
    this.pump();
  }

  /** There was nothing to read before `end`: transaction markers, or what compaction left. */
  skip(end: string): void {
    if (this.stopped) return;
    this.next = end;
    this.tracker.reach(end);
  }

  /** Nothing is begun any more; what is in flight still counts. */
  stop(): void {
    this.stopped = true;
    this.queue = [];
    this.head = 0;
    this.again.length = 0;
    this.hold?.cancel();
    this.hold = undefined;
  }

  /** The partition is not ours any more: nothing is begun, and what is still stored moves no position. */
  revoke(): void {
    this.stop();
    this.revoked = true;
    this.tracker.revoke();
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  private get waiting(): number {
    return this.queue.length - this.head + this.again.length;
  }

  private pump(): void {
    while (!this.stopped && !this.waitsForFormer && this.hold === undefined && this.inFlight < this.window) {
      const work = this.again.shift() ?? this.queue[this.head++];
      if (work === undefined) {
        this.head = this.queue.length;
        break;
      }
      this.launch(work);
    }
    const roomy = this.waiting < laneWindow / 2 && this.heldBytes < heldBytesMax / 2;
    if (this.wasFull && !this.stopped && roomy) {
      this.wasFull = false;
      this.options.events.roomy();
    }
  }

  private launch(work: Work): void {
    const { topic, partition, clock } = this.options;
    work.handOver ??= new HandOver(this.options, topic, partition, work.message);
    this.inFlight += 1;
    let over = false;
    const finish = (outcome: HandedOver): void => {
      if (over) return;
      over = true;
      silence.cancel();
      this.finished(work, outcome);
    };
    const reason = `the sink did not answer within ${answerWithinMs / 1000} s`;
    const silence = clock.setTimer(answerWithinMs, () => finish({ kind: "unavailable", reason, retryAfterMs: 0 }));
    void work.handOver.try().then(finish);
  }

  private finished(work: Work, outcome: HandedOver): void {
    this.inFlight -= 1;
    if (!this.revoked) this.account(work, outcome);
    if (this.inFlight === 0 && this.whenIdle.length > 0) {
      const waiting = this.whenIdle;
      this.whenIdle = [];
      for (const resolve of waiting) resolve();
    }
    this.pump();
  }

  private account(work: Work, outcome: HandedOver): void {
    const { events } = this.options;
    switch (outcome.kind) {
      case "stored":
      case "buried":
        this.tracker.settle(work.taken);
        this.heldBytes -= bytesOf(work.message);
        this.settledCount += 1;
        this.failures = 0;
        this.window = Math.min(this.window * 2, this.windowMax);
        events.settled(outcome.kind === "buried" ? "buried" : outcome.duplicate ? "duplicate" : "stored");
        return;
      case "unavailable":
        if (this.stopped) return;
        this.again.push(work);
        // Full anew: whoever is held back by that waits to be told.
        this.wasFull ||= this.full;
        this.wait(outcome.reason, outcome.retryAfterMs);
        return;
      default:
        outcome satisfies never;
    }
  }

  private wait(reason: string, retryAfterMs: number): void {
    // The others that were in flight have failed for the same cause: they do not make the wait longer.
    if (this.hold !== undefined) return;
    const { clock, random, events } = this.options;
    this.failures += 1;
    const wishMs = Math.min(retryAfterMs, retryAfterMaxMs);
    const retryInMs = Math.max(wishMs, backoffDelayMs(backoff, this.failures, random));
    this.window = 1;
    this.hold = clock.setTimer(retryInMs, () => {
      this.hold = undefined;
      this.pump();
    });
    events.held(reason, retryInMs);
  }
}

function bytesOf({ key, value }: KafkaMessage): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
