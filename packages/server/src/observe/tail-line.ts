import type { AttemptNote, JournalEntry } from "@rouse/broker";
import type { CloudEvent } from "@rouse/events";
import type { InstanceChange, InstanceLine } from "@rouse/serving-client";

/** What a line of the timeline shows of an event. */
export interface TailEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
}

/** One line of `rouse tail`, as it goes over HTTP: one JSON object a line. Absent fields do not apply to the kind. */
export interface TailLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: JournalEntry["kind"] | "instance" | "output";
  readonly namespace: string;
  readonly broker?: string;
  /** `<namespace>/<broker>/<sequence>`. */
  readonly handle?: string;
  readonly event?: TailEvent;
  readonly duplicate?: boolean;
  /** With `routed`: every trigger of the broker, whether it took the event, and if not, why. */
  readonly triggers?: readonly { readonly name: string; readonly matched: boolean; readonly why?: string }[];
  /** With `routed`: the names of those that took it. */
  readonly matched?: readonly string[];
  readonly trigger?: string;
  readonly stage?: "subscriber" | "dead-letter";
  readonly attempt?: number;
  readonly verdict?: "done" | "again" | "hold" | "dead";
  readonly reason?: string;
  readonly message?: string;
  readonly notBefore?: number;
  readonly note?: AttemptNote;
  /** With `output`: what an instance printed is in `message`. */
  readonly stream?: InstanceLine["stream"];
  /** With `instance` and `output`. */
  readonly service?: string;
  readonly instance?: string;
  readonly change?: InstanceChange["kind"];
  readonly startMs?: number;
}

function summary(event: CloudEvent): TailEvent {
  const { id, source, type, subject } = event.attributes;
  return subject === undefined ? { id, source, type } : { id, source, type, subject };
}

/**
 * The line of a journal entry. Made for every entry, whether somebody listens or not, so it is filled step by step:
 * spreading optional parts costs several times as much.
 */
export function tailLineOf(entry: JournalEntry, triggers: TailLine["triggers"]): TailLine {
  const { at, kind, namespace, broker } = entry;
  const line: Draft = { at, kind, namespace, broker, handle: `${namespace}/${broker}/${entry.sequence}` };
  switch (entry.kind) {
    case "stored":
      line.event = summary(entry.event);
      line.duplicate = entry.duplicate;
      return line;
    case "routed":
      line.event = summary(entry.event);
      line.matched = entry.matched;
      if (triggers) line.triggers = triggers;
      return line;
    case "waiting":
      line.trigger = entry.trigger;
      line.reason = entry.reason;
      return line;
    case "attempt":
      return attemptLine(line, entry);
    case "dead":
      line.trigger = entry.trigger;
      line.reason = entry.reason;
      line.message = entry.message;
      return line;
    default:
      return entry satisfies never;
  }
}

type Draft = { -readonly [Field in keyof TailLine]: TailLine[Field] };

function attemptLine(line: Draft, entry: Extract<JournalEntry, { kind: "attempt" }>): TailLine {
  const { failure, notBefore, note, reason } = entry;
  line.trigger = entry.trigger;
  line.stage = entry.stage;
  line.attempt = entry.attempt;
  line.verdict = entry.verdict;
  if (reason !== undefined) line.reason = reason;
  if (failure) {
    line.reason = failure.reason;
    line.message = failure.message;
  }
  if (notBefore !== undefined) line.notBefore = notBefore;
  if (note) line.note = note;
  return line;
}

/** The line of something that happened to an instance. */
export function tailLineOfInstance(change: InstanceChange): TailLine {
  return {
    at: change.at,
    kind: "instance",
    ...placeOf(change.key),
    instance: change.instance,
    change: change.kind,
    message: change.message,
    ...(change.startMs === undefined ? {} : { startMs: change.startMs }),
    ...(change.reason === undefined ? {} : { reason: change.reason }),
  };
}

/** The line of something that an instance printed. */
export function tailLineOfOutput({ at, key, instance, stream, text }: InstanceLine): TailLine {
  return { at, kind: "output", ...placeOf(key), instance, stream, message: text };
}

/** Of `<namespace>/<service>`, or `<plural>/<namespace>/<name>` for what serves nobody. */
function placeOf(key: string): { readonly namespace: string; readonly service: string } {
  const parts = key.split("/");
  const [namespace = "default", service = key] = parts.length > 2 ? parts.slice(1) : parts;
  return { namespace, service };
}
