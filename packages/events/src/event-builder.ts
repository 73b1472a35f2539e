import { checkAttributeName, checkAttributeValue } from "./attributes.ts";
import { EventFault } from "./errors.ts";
import type { AttributeValue, CloudEvent, EventAttributes } from "./event.ts";
import { attributesBytesMax } from "./limits.ts";

/**
 * The shape of attribute objects. Its prototype is emptied below rather than absent: an object that inherits nothing
 * from an empty prototype is four times cheaper to fill than one made by `Object.create(null)`, and freezes cheaply.
 */
class InheritsNothing {
  [name: string]: AttributeValue | undefined;
}
Object.setPrototypeOf(InheritsNothing.prototype, null);
Reflect.deleteProperty(InheritsNothing.prototype, "constructor");
Object.freeze(InheritsNothing.prototype);

/** Collects the attributes of one event, each checked as it comes, and makes the event. To be used once. */
export class EventBuilder {
  private readonly attributes = new InheritsNothing();
  private bytes = 0;

  /** Adds an attribute; throws EventFault when it is invalid or was added before. */
  add(name: string, value: unknown): void {
    checkAttributeName(name);
    this.addNamed(name, value);
  }

  /** As `add`, for a name that is known to be valid. */
  addNamed(name: string, value: unknown): void {
    const bytes = checkAttributeValue(name, value);
    if (this.attributes[name] !== undefined) {
      throw new EventFault("EVENT_DUPLICATE_ATTRIBUTE", `attribute "${name}" is given more than once`, {
        hint: "send every attribute once",
      });
    }
    // Minus zero is a number of its own in JavaScript, and none in the canonical form.
    this.attributes[name] = value === 0 ? 0 : (value as AttributeValue);
    this.bytes += bytes;
  }

  get(name: string): AttributeValue | undefined {
    return this.attributes[name];
  }

  /** The finished event; throws EventFault when a required attribute is missing or all together are too large. */
  build(data: Uint8Array | undefined): CloudEvent {
    const attributes = this.attributes;
    if (attributes.specversion === undefined) throw missing("specversion");
    if (attributes.id === undefined) throw missing("id");
    if (attributes.source === undefined) throw missing("source");
    if (attributes.type === undefined) throw missing("type");
    if (this.bytes > attributesBytesMax) {
      throw new EventFault(
        "EVENT_TOO_LARGE",
        `attributes take ${this.bytes} bytes; at most ${attributesBytesMax} are allowed`,
        { hint: "move large values into the data" },
      );
    }
    return Object.freeze({ attributes: Object.freeze(attributes) as EventAttributes, data });
  }
}

function missing(name: string): EventFault {
  return new EventFault("EVENT_ATTRIBUTE_MISSING", `required attribute "${name}" is missing`, {
    hint: "an event needs specversion, id, source and type",
  });
}

/** Attributes as a program writes them: `specversion` is "1.0" when left out, `undefined` means absent. */
export interface AttributesInput {
  readonly specversion?: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly [name: string]: AttributeValue | undefined;
}

/**
 * Makes an event of valid attributes, copied and frozen, and of data, taken as they are: whoever passes them gives them
 * away. Throws EventFault (EVENT_ATTRIBUTE_INVALID, EVENT_ATTRIBUTE_MISSING, EVENT_SPECVERSION_UNSUPPORTED,
 * EVENT_TOO_LARGE).
 */
export function createEvent(attributes: AttributesInput, data?: Uint8Array): CloudEvent {
  const builder = new EventBuilder();
  if (attributes.specversion === undefined) builder.add("specversion", "1.0");
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value !== undefined) builder.add(name, value);
  }
  return builder.build(data);
}

/** The same event with some attributes set, or removed where the value is `undefined`. Throws as `createEvent` does. */
export function withAttributes(
  event: CloudEvent,
  changes: Readonly<Record<string, AttributeValue | undefined>>,
): CloudEvent {
  return createEvent({ ...event.attributes, ...changes }, event.data);
}
