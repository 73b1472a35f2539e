import type { AttributeValue, CloudEvent, EventAttributes } from "@rouse/events";
import { SourceFault } from "../errors.ts";

/** What of a PingSource shapes its events. */
export interface PingShape {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Becomes datacontenttype; undefined or empty: the events have none. */
  readonly contentType: string | undefined;
  /** Text, sent as UTF-8. At most one of `data` and `dataBase64` is set. */
  readonly data: string | undefined;
  readonly dataBase64: string | undefined;
  /** Extensions set on every event; names of the specification's own attributes are left alone. */
  readonly ceOverrides: { readonly extensions: Readonly<Record<string, string>> } | undefined;
}

/** An event ready for the sink, with the identity that makes repeats one. */
export interface PingEvent {
  readonly event: CloudEvent;
  readonly messageId: string;
}

/** The extension that marks a tick that was due while nothing ran: boolean, absent on a tick in time. */
export const missedExtension = "rousemissed";

const eventType = "dev.knative.sources.ping";
const ownAttributes: ReadonlySet<string> = new Set([
  "specversion",
  "id",
  "source",
  "type",
  "subject",
  "time",
  "datacontenttype",
  "dataschema",
  missedExtension,
]);

/** The `source` of a PingSource's events, as Knative writes it. */
export function pingSourceUri(namespace: string, name: string): string {
  return `/apis/v1/namespaces/${namespace}/pingsources/${name}`;
}

/** The `id` of the event of a tick; `planned` is a whole second, milliseconds since the epoch. */
export function tickId(uid: string, planned: number): string {
  return `${uid}-${plannedText(planned)}`;
}

/** The event of a tick. The same tick gives the same event in every replica, and again after a restart. */
export function tickEvent(shape: PingShape, planned: number, missed: boolean): PingEvent {
  const time = plannedText(planned);
  const marks: Record<string, AttributeValue> = missed ? { [missedExtension]: true } : {};
  return { event: eventOf(shape, tickId(shape.uid, planned), time, marks), messageId: `${shape.uid}/${time}` };
}

/** The event of a fire asked for by hand; `serial` tells apart two of the same millisecond. */
export function firedEvent(shape: PingShape, now: number, serial: number): PingEvent {
  const time = new Date(now).toISOString();
  const id = `${shape.uid}-fire-${time}-${serial}`;
  return { event: eventOf(shape, id, time, {}), messageId: `${shape.uid}/fire/${time}/${serial}` };
}

/** The bytes of the data, undefined when none are configured. Throws SOURCE_DATA_INVALID for what is no base64. */
export function pingData(shape: Pick<PingShape, "data" | "dataBase64">): Uint8Array | undefined {
  if (shape.dataBase64 !== undefined && shape.dataBase64 !== "") {
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(shape.dataBase64)) {
      throw new SourceFault(
        "SOURCE_DATA_INVALID",
        "expected dataBase64 to be base64 with padding, got something else",
        {
          hint: "encode the bytes with base64, or write text into data",
        },
      );
    }
    return new Uint8Array(Buffer.from(shape.dataBase64, "base64"));
  }
  if (shape.data === undefined || shape.data === "") return undefined;
  return new TextEncoder().encode(shape.data);
}

function eventOf(shape: PingShape, id: string, time: string, marks: Record<string, AttributeValue>): CloudEvent {
  const attributes: Record<string, AttributeValue> = Object.create(null);
  attributes.specversion = "1.0";
  attributes.id = id;
  attributes.source = pingSourceUri(shape.namespace, shape.name);
  attributes.type = eventType;
  attributes.time = time;
  if (shape.contentType !== undefined && shape.contentType !== "") attributes.datacontenttype = shape.contentType;
  for (const [name, value] of Object.entries(shape.ceOverrides?.extensions ?? {})) {
    if (!ownAttributes.has(name)) attributes[name] = value;
  }
  for (const [name, value] of Object.entries(marks)) attributes[name] = value;
  return { attributes: attributes as unknown as EventAttributes, data: pingData(shape) };
}

function plannedText(planned: number): string {
  return new Date(planned).toISOString().replace(".000Z", "Z");
}
