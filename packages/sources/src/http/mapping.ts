import { createHash } from "node:crypto";
import {
  type AttributesInput,
  type AttributeValue,
  type CloudEvent,
  createEvent,
  EventFault,
  identityOf,
  isAttributeName,
  parseMediaType,
  withAttributes,
} from "@rouse/events";
import type { HookRule, HookTypeRule, HttpSourceDefinition } from "./definition.ts";
import { type Delivery, usable } from "./delivery.ts";
import type { PresetAttributes } from "./preset.ts";

/** What of an HttpSource shapes its events. */
export type HookShape = Pick<HttpSourceDefinition, "uid" | "namespace" | "name" | "event" | "ceOverrides">;

/** An event ready for the sink, with the identity that makes repeats one. */
export interface HookEvent {
  readonly event: CloudEvent;
  readonly messageId: string;
}

export type MappedHook =
  | ({ readonly kind: "event" } & HookEvent)
  /** No event can be made of it; `message` holds nothing of the delivery. */
  | { readonly kind: "invalid"; readonly message: string };

/** The type of an event when neither a rule nor a preset knows better. */
export const hookEventType = "dev.rouse.http.event";

const ownAttributes: ReadonlySet<string> = new Set([
  "specversion",
  "id",
  "source",
  "type",
  "subject",
  "time",
  "datacontenttype",
  "dataschema",
]);

/** The `source` of an HttpSource's events, unless a rule or the preset knows a better one. */
export function httpSourceUri(namespace: string, name: string): string {
  return `/apis/v1/namespaces/${namespace}/httpsources/${name}`;
}

/** Makes the event of a delivery. `now` is the time of arrival; `freshId` is asked when the sender gave no id. */
export function hookEvent(
  shape: HookShape,
  delivery: Delivery,
  preset: PresetAttributes,
  now: number,
  freshId: () => string,
): MappedHook {
  const rules = shape.event;
  const id = found(rules.idFrom, delivery) ?? usable(preset.id) ?? freshId();
  const attributes: AttributesInput = {
    id,
    source: uri(rules.source) ?? uri(usable(preset.source)) ?? httpSourceUri(shape.namespace, shape.name),
    type: typeBy(rules.typeFrom, delivery) ?? usable(rules.type) ?? usable(preset.type) ?? hookEventType,
    subject: found(rules.subjectFrom, delivery) ?? usable(preset.subject),
    time: timestamp(preset.time) ?? timestamp(now),
    datacontenttype: mediaType(delivery.contentType),
  };
  if (delivery.jsonMissing) return { kind: "invalid", message: "expected a body in JSON, got something else" };
  try {
    const event = createEvent(attributes, delivery.data.length === 0 ? undefined : delivery.data);
    return { kind: "event", event: overridden(event, shape), messageId: messageIdOf(shape.uid, id) };
  } catch (failure) {
    return invalid(failure);
  }
}

/** An event that was sent as one, and goes through with nothing changed but what is overridden. */
export function passedEvent(shape: HookShape, event: CloudEvent): MappedHook {
  try {
    return { kind: "event", event: overridden(event, shape), messageId: `${shape.uid}/ce/${identityOf(event)}` };
  } catch (failure) {
    return invalid(failure);
  }
}

function overridden(event: CloudEvent, { ceOverrides }: HookShape): CloudEvent {
  const changes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(ceOverrides?.extensions ?? {})) {
    if (isAttributeName(name) && !ownAttributes.has(name)) changes[name] = value;
  }
  return Object.keys(changes).length === 0 ? event : withAttributes(event, changes);
}

function invalid(failure: unknown): MappedHook {
  if (!(failure instanceof EventFault)) throw failure;
  // The fault's own message quotes what the sender sent.
  return { kind: "invalid", message: `the delivery cannot become an event: ${failure.code}` };
}

function typeBy(rule: HookTypeRule | undefined, delivery: Delivery): string | undefined {
  const text = found(rule, delivery);
  if (rule === undefined || text === undefined) return undefined;
  const mapped = rule.map !== undefined && Object.hasOwn(rule.map, text) ? rule.map[text] : text;
  return usable(`${rule.prefix ?? ""}${mapped}`);
}

function found(rule: HookRule | undefined, delivery: Delivery): string | undefined {
  if (rule?.header !== undefined) return delivery.header(rule.header);
  return rule?.jsonPointer === undefined ? undefined : delivery.text(rule.jsonPointer);
}

function uri(text: string | undefined): string | undefined {
  return text === undefined || /\s/.test(text) ? undefined : text;
}

function mediaType(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= 256 && parseMediaType(text) ? text : undefined;
}

function timestamp(time: number | undefined): string | undefined {
  // Years of more than four digits are no timestamp of RFC 3339.
  if (time === undefined || !(time >= 0) || time > 253_402_300_799_999) return undefined;
  return new Date(time).toISOString();
}

/** Ids come from outside: what does not fit into a header, or is long, goes in as its digest. */
function messageIdOf(uid: string, id: string): string {
  if (/^[!-~]{1,128}$/.test(id)) return `${uid}/${id}`;
  return `${uid}/sha256/${createHash("sha256").update(id).digest("base64url")}`;
}
