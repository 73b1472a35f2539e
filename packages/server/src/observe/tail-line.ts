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

/** The line of a journal entry. */
export function tailLineOf(entry: JournalEntry, triggers: TailLine["triggers"]): TailLine {
  const place = {
    at: entry.at,
    kind: entry.kind,
    namespace: entry.namespace,
    broker: entry.broker,
    handle: `${entry.namespace}/${entry.broker}/${entry.sequence}`,
  };
  switch (entry.kind) {
    case "stored":
      return { ...place, event: summary(entry.event), duplicate: entry.duplicate };
    case "routed":
      return { ...place, event: summary(entry.event), matched: entry.matched, ...(triggers ? { triggers } : {}) };
    case "waiting":
      return { ...place, trigger: entry.trigger, reason: entry.reason };
    case "attempt":
      return {
        ...place,
        trigger: entry.trigger,
        stage: entry.stage,
        attempt: entry.attempt,
        verdict: entry.verdict,
        ...(entry.reason === undefined ? {} : { reason: entry.reason }),
        ...(entry.failure ? { reason: entry.failure.reason, message: entry.failure.message } : {}),
        ...(entry.notBefore === undefined ? {} : { notBefore: entry.notBefore }),
        ...(entry.note ? { note: entry.note } : {}),
      };
    case "dead":
      return { ...place, trigger: entry.trigger, reason: entry.reason, message: entry.message };
    default: {
      const unknown: never = entry;
      return unknown;
    }
  }
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
  };
}

/** The line of something that an instance printed. */
export function tailLineOfOutput({ at, key, instance, stream, text }: InstanceLine): TailLine {
  return { at, kind: "output", ...placeOf(key), instance, stream, message: text };
}

function placeOf(key: string): { readonly namespace: string; readonly service: string } {
  const [namespace = "default", service = key] = key.split("/");
  return { namespace, service };
}
