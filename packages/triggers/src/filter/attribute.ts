import type { AttributeValue, CloudEvent } from "@rouse/events";

/** Reads one attribute of an event as the text that filters compare; undefined when the event has no such attribute. */
export type AttributeReader = (event: CloudEvent) => string | undefined;

/** What Knative's Go brokers show for a `time` that was never set. */
export const unsetTime = "0001-01-01T00:00:00Z";

/**
 * Attributes that a filter in the newer dialects always finds, and their text when the event does not carry them:
 * the optional ones of the specification and the older names that Knative keeps as aliases.
 */
const alwaysThere: ReadonlyMap<string, AttributeReader> = new Map<string, AttributeReader>([
  ["subject", () => ""],
  ["time", () => unsetTime],
  ["datacontenttype", () => ""],
  ["dataschema", () => ""],
  ["schemaurl", (event) => carried(event, "dataschema") ?? ""],
  ["datamediatype", (event) => mediaType(carried(event, "datacontenttype") ?? "")],
  ["datacontentencoding", () => ""],
]);

/** Names that the newer dialects find on every event. */
export const namesAlwaysThere: readonly string[] = [...alwaysThere.keys()];

/**
 * The attribute as the event carries it, in canonical text: integers in decimal, booleans as `true` or `false`.
 * The older `filter.attributes` sees no more than this.
 */
export function carried(event: CloudEvent, name: string): string | undefined {
  return textOf(event.attributes[name]);
}

/** The reader of the newer dialects: what is carried, else what Knative shows in its place. */
export function readerOf(name: string): AttributeReader {
  const fallback = alwaysThere.get(name);
  if (fallback === undefined) return (event) => textOf(event.attributes[name]);
  return (event) => textOf(event.attributes[name]) ?? fallback(event);
}

/** True when the event carries the attribute itself, so that the text is not a stand-in. */
export function isCarried(event: CloudEvent, name: string): boolean {
  return textOf(event.attributes[name]) !== undefined;
}

function textOf(value: AttributeValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  // An object with a prototype would answer `constructor` with a function: only what an attribute may hold counts.
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function mediaType(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end === -1 ? contentType : contentType.slice(0, end)).trim();
}
