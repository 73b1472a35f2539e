import type { Clock } from "@rouse/base";
import type { CloudEvent } from "@rouse/events";
import type { BuryAnswer, Sink, SinkAnswer, Undeliverable } from "./sink.ts";

interface Kept {
  readonly event: CloudEvent;
  readonly messageId: string;
  /** Monotonic, as a server's own clock would be: a step of the client's clock does not reach it. */
  readonly at: number;
}

interface Buried {
  readonly what: Undeliverable;
  readonly messageId: string;
}

/** A sink that stores in memory and knows a message id for two minutes, as the real one does. */
export class MemorySink implements Sink {
  readonly stored: Kept[] = [];
  /** The dead records, each message id once. */
  readonly buried: Buried[] = [];
  /** How often it was asked to store. */
  appends = 0;
  /** How often it was asked to bury. */
  burials = 0;
  searches = 0;
  /** What to answer instead of storing; undefined: store. May store and throw, or answer later. */
  instead: ((event: CloudEvent, messageId: string) => SinkAnswer | undefined | Promise<SinkAnswer>) | undefined;
  /** What to answer instead of burying; undefined: bury. */
  insteadOfBurying: ((what: Undeliverable) => BuryAnswer | undefined | Promise<BuryAnswer>) | undefined;
  private readonly clock: Clock;
  private readonly places = new Map<string, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get times(): string[] {
    return this.stored.map((kept) => kept.event.attributes.time ?? "");
  }

  async append(event: CloudEvent, messageId: string): Promise<SinkAnswer> {
    this.appends += 1;
    const answer = await this.instead?.(event, messageId);
    return answer ?? this.store(event, messageId);
  }

  async bury(what: Undeliverable, messageId: string): Promise<BuryAnswer> {
    this.burials += 1;
    const answer = await this.insteadOfBurying?.(what);
    if (answer !== undefined) return answer;
    if (this.buried.some((buried) => buried.messageId === messageId)) return { kind: "stored", duplicate: true };
    this.buried.push({ what, messageId });
    return { kind: "stored", duplicate: false };
  }

  store(event: CloudEvent, messageId: string): SinkAnswer {
    const at = this.clock.monotonic();
    const place = this.places.get(messageId);
    if (place !== undefined && at - this.stored[place]!.at < 120_000) {
      return { kind: "stored", duplicate: true, handle: `default/default/${place + 1}` };
    }
    this.places.set(messageId, this.stored.length);
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
