import fc from "fast-check";
import { attributeText } from "./attributes.ts";
import { EventFault } from "./errors.ts";
import type { AttributeValue, CloudEvent } from "./event.ts";
import { createEvent } from "./event-builder.ts";

/** The four attributes that every event needs. */
export const least = { id: "1", source: "/s", type: "t" } as const;

/** UTF-8 bytes of a text. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The text of an event's data; undefined without data. */
export const dataText = (event: CloudEvent): string | undefined =>
  event.data === undefined ? undefined : Buffer.from(event.data).toString("utf8");

/** What an EventFault says, as `CODE message`; throws when nothing, or something else, was thrown. */
export function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof EventFault) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
  throw new Error("expected a fault, and there was none");
}

/** Attributes and data as plain values, integers and booleans as strings: what binary modes keep. */
export function canonical(event: CloudEvent) {
  const entries = Object.entries(event.attributes) as [string, AttributeValue][];
  const attributes = Object.fromEntries(entries.map(([name, value]) => [name, attributeText(value)]));
  return { attributes, data: event.data === undefined ? undefined : Buffer.from(event.data).toString("hex") };
}

/** Attributes and data as plain values, types kept. */
export function plain(event: CloudEvent) {
  return { attributes: { ...event.attributes }, data: canonical(event).data };
}

const legal = fc
  .string({ unit: "binary", maxLength: 24 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what attributes must not hold.
  .map((text) => text.replace(/[\u0000-\u001f\u007f-\u009f\p{Noncharacter_Code_Point}]/gu, "~"));
const filled = legal.map((text) => (text === "" ? "-" : text));
const typed = fc.oneof(legal, fc.boolean(), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const reserved = new Set("specversion id source type subject time datacontenttype dataschema data".split(" "));
const extensionName = fc.stringMatching(/^[a-z0-9]{1,24}$/).filter((name) => !reserved.has(name));
const mediaType = fc.constantFrom(
  ...["application/json", "text/plain", "TEXT/xml; charset=UTF-8", "application/octet-stream"],
  ...["application/vnd.x+json; v=1", "text/plain; charset=iso-8859-1", "application/cloudevents+json"],
);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.json().map((text) => bytes(text)),
  fc.string({ unit: "binary" }).map((text) => bytes(text)),
);

/** Any event: all kinds of characters, extension types, media types and data. */
export const anyEvent: fc.Arbitrary<CloudEvent> = fc
  .record({
    required: fc.record({ id: filled, source: filled.map((text) => text.replaceAll(" ", "_")), type: filled }),
    optional: fc.record(
      {
        subject: filled,
        time: fc.constantFrom("2026-01-31T12:00:00.123456789+05:30", "1985-04-12t23:20:50z"),
        dataschema: fc.constant("urn:schema:1"),
        datacontenttype: mediaType,
      },
      { requiredKeys: [] },
    ),
    extensions: fc.dictionary(extensionName, typed, { maxKeys: 4 }),
    data: fc.option(payload, { nil: undefined }),
  })
  .map(({ required, optional, extensions, data }) => createEvent({ ...extensions, ...required, ...optional }, data));
