import type { Clock } from "@rouse/base";
import type { CloudEvent } from "@rouse/events";
import type { Sink, SinkAnswer } from "../sink.ts";

interface Kept {
  readonly event: CloudEvent;
  readonly messageId: string;
  /** Monotonic, as a server's own clock would be: a step of the client's clock does not reach it. */
  readonly at: number;
}

/** A sink that stores in memory and knows a message id for two minutes, as the real one does. */
export class MemorySink implements Sink {
  readonly stored: Kept[] = [];
  /** How often it was asked to store. */
  appends = 0;
  searches = 0;
  /** What to answer instead of storing; undefined: store. May store and throw, as a lost answer would. */
  instead: ((event: CloudEvent) => SinkAnswer | undefined) | undefined;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get times(): string[] {
    return this.stored.map((kept) => kept.event.attributes.time ?? "");
  }

  async append(event: CloudEvent, messageId: string): Promise<SinkAnswer> {
    this.appends += 1;
    const answer = this.instead?.(event);
    return answer ?? this.store(event, messageId);
  }

  store(event: CloudEvent, messageId: string): SinkAnswer {
    const at = this.clock.monotonic();
    const index = this.stored.findIndex((kept) => kept.messageId === messageId && at - kept.at < 120_000);
    if (index >= 0) return { kind: "stored", duplicate: true, handle: `default/default/${index + 1}` };
    this.stored.push({ event, messageId, at });
    return { kind: "stored", duplicate: false, handle: `default/default/${this.stored.length}` };
  }

  async idsSince(source: string, _time: number): Promise<ReadonlySet<string>> {
    this.searches += 1;
    return new Set(
      this.stored.filter((kept) => kept.event.attributes.source === source).map((kept) => kept.event.attributes.id),
    );
  }
}
