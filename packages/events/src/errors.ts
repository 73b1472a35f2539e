import { Fault, type FaultOptions } from "@rouse/base";

/** What can be wrong with something that should be a CloudEvent; stable, documented in the reference of errors. */
export type EventFaultCode =
  | "EVENT_ATTRIBUTE_INVALID"
  | "EVENT_ATTRIBUTE_MISSING"
  | "EVENT_BATCH_INVALID"
  | "EVENT_DATA_INVALID"
  | "EVENT_DUPLICATE_ATTRIBUTE"
  | "EVENT_HEADER_INVALID"
  | "EVENT_JSON_INVALID"
  | "EVENT_MEDIA_TYPE_UNSUPPORTED"
  | "EVENT_SPECVERSION_UNSUPPORTED"
  | "EVENT_TOO_LARGE";

/** Thrown by every codec and constructor of this package; no other error leaves it, whatever the input. */
export class EventFault extends Fault<EventFaultCode> {
  /** The same fault, its message preceded by where it was found. */
  at(place: string): EventFault {
    const options: FaultOptions = { cause: this.cause ?? this };
    return new EventFault(
      this.code,
      `${place}: ${this.message}`,
      this.hint ? { ...options, hint: this.hint } : options,
    );
  }
}

/** A value from outside as it may stand in a message: quoted, escaped, at most 64 characters of it. */
export function quoted(value: unknown): string {
  const text = typeof value === "string" ? value : String(value);
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 61)}...` : text);
}
