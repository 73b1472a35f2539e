import { type Backoff, backoffDelayMs, type Clock, sleep } from "@rouse/base";
import type { Bounds, ByPartition, ClusterView } from "./cluster-view.ts";

export interface TopicWatchOptions {
  readonly topics: readonly string[];
  readonly view: Pick<ClusterView, "existing" | "bounds">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** After every look; undefined: it went well. Must not throw. */
  readonly looked: (failure: unknown) => void;
}

const backoff: Backoff = { policy: "exponential", delayMs: 250, capMs: 10_000, jitter: 0.2 };
const missingLookMs = 1_000;
const lookMs = 5_000;

/** Looks every few seconds which topics there are, and how far they go. */
export class TopicWatch {
  private readonly options: TopicWatchOptions;
  private present: ReadonlySet<string> | undefined;
  private ends: ByPartition<Bounds> = new Map();
  /** Where the partitions ended when this source first saw the cluster; those of later topics are not in it. */
  private firstEnds: ByPartition<Bounds> | undefined;
  private shape = "";
  /** Aborted when the topics, or the numbers of their partitions, are others than before. */
  private change = new AbortController();
  private waiting: (() => void)[] = [];

  constructor(options: TopicWatchOptions) {
    this.options = options;
  }

  /** Topics that are wanted and do not exist; none while that is not known. */
  get missing(): readonly string[] {
    const { present } = this;
    return present === undefined ? [] : this.options.topics.filter((topic) => !present.has(topic));
  }

  endOf(topic: string, partition: number): string | undefined {
    return this.ends.get(topic)?.get(partition)?.high;
  }

  /** The end of a partition when the source began; undefined for one that there was not yet. */
  firstEndOf(topic: string, partition: number): string | undefined {
    return this.firstEnds?.get(topic)?.get(partition)?.high;
  }

  /** Forgets where a partition ended at first: from now on it counts as one that came later. */
  started(topic: string, partition: number): void {
    (this.firstEnds?.get(topic) as Map<number, Bounds> | undefined)?.delete(partition);
  }

  /** Resolves when there is a topic to read, with those there are and a signal for when they, or their partitions, change. */
  async topics(): Promise<{ readonly topics: readonly string[]; readonly changed: AbortSignal } | undefined> {
    while (!this.options.signal.aborted) {
      if (this.present !== undefined && this.present.size > 0) {
        return { topics: this.options.topics.filter((topic) => this.present!.has(topic)), changed: this.change.signal };
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return undefined;
  }

  /** Looks until the signal aborts. */
  async run(): Promise<void> {
    const { clock, random, signal, looked } = this.options;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.look();
        failures = 0;
        looked(undefined);
      } catch (failure) {
        if (signal.aborted) break;
        failures += 1;
        looked(failure);
      }
      const wellMs = this.missing.length > 0 ? missingLookMs : lookMs;
      const delayMs = failures > 0 ? backoffDelayMs(backoff, failures, random) : wellMs;
      await sleep(clock, delayMs, signal).catch(() => undefined);
    }
    this.wake();
  }

  private async look(): Promise<void> {
    const { view, topics } = this.options;
    const present = await view.existing(topics);
    const ends = await view.bounds([...present]);
    this.ends = ends;
    this.firstEnds ??= new Map([...ends].map(([topic, partitions]) => [topic, new Map(partitions)]));
    const before = this.present;
    this.present = present;
    for (const topic of before ?? []) {
      if (!present.has(topic)) (this.firstEnds as Map<string, unknown>).delete(topic);
    }
    const shape = JSON.stringify([...ends].map(([topic, { size }]) => [topic, size]).sort());
    if (before !== undefined && shape === this.shape) return;
    this.shape = shape;
    this.change.abort(new Error("the topics changed"));
    this.change = new AbortController();
    this.wake();
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
