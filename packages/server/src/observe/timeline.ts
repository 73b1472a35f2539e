import type { JournalEntry } from "@rouse/broker";
import type { CloudEvent } from "@rouse/events";
import type { InstanceChange, InstanceLine } from "@rouse/serving-client";
import { type TailLine, tailLineOf, tailLineOfInstance, tailLineOfOutput } from "./tail-line.ts";

/** Says for an event which triggers of its broker did not take it, and why; asked only while somebody listens. */
export type Explainer = (namespace: string, broker: string, event: CloudEvent) => TailLine["triggers"];

const kept = 1_000;

/** Of a kind of lines, the last ones; each with its place among all. */
interface Kept {
  readonly place: number;
  readonly line: TailLine;
}

/**
 * What happened lately, for `rouse tail` and the live timeline of `rouse dev`: the last 1,000 lines, and whoever listens.
 * What instances print has 1,000 of its own: one that prints much must not push out what happened to events.
 * Nobody listening costs two objects per entry; nothing here waits or throws.
 */
export class Timeline {
  private readonly happened: Kept[] = [];
  private readonly printed: Kept[] = [];
  private places = 0;
  private readonly listeners = new Set<(line: TailLine) => void>();
  private readonly explain: Explainer;
  private readonly redact: (text: string) => string;

  /** @param redact takes values of Secrets out of reasons, messages and what instances print. */
  constructor(explain: Explainer, redact: (text: string) => string = (text) => text) {
    this.explain = explain;
    this.redact = redact;
  }

  readonly record = (entry: JournalEntry): void => {
    const triggers =
      entry.kind === "routed" && this.listeners.size > 0
        ? this.explain(entry.namespace, entry.broker, entry.event)
        : undefined;
    this.push(tailLineOf(entry, triggers));
  };

  readonly recordInstance = (change: InstanceChange): void => this.push(tailLineOfInstance(change));

  readonly recordOutput = (line: InstanceLine): void => this.push(tailLineOfOutput(line));

  /**
   * The last `count` lines, oldest first. What instances printed is at most half of them where enough else happened: who
   * looks back looks for what became of an event.
   */
  recent(count: number): readonly TailLine[] {
    const room = Math.max(Math.floor(count / 2), count - this.happened.length);
    const printed = last(this.printed, room);
    const happened = last(this.happened, count - printed.length);
    return [...happened, ...printed].sort((a, b) => a.place - b.place).map(({ line }) => line);
  }

  /** Returns the way to stop listening. */
  onLine(listener: (line: TailLine) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private push(said: TailLine): void {
    const line = this.clean(said);
    const lines = line.kind === "output" ? this.printed : this.happened;
    lines.push({ place: this.places++, line });
    if (lines.length >= 2 * kept) lines.splice(0, kept);
    for (const listener of this.listeners) listener(line);
  }

  /** Only where somebody else's words are: most lines have none, and looking costs. */
  private clean(line: TailLine): TailLine {
    const { message, reason } = line;
    if (message === undefined && reason === undefined) return line;
    return {
      ...line,
      ...(reason === undefined ? {} : { reason: this.redact(reason) }),
      ...(message === undefined ? {} : { message: this.redact(message) }),
    };
  }
}

function last<Value>(all: readonly Value[], count: number): readonly Value[] {
  return count > 0 ? all.slice(-count) : [];
}
