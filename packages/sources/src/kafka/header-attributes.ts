import { type AttributeValue, type KafkaHeader, parseMediaType } from "@rouse/events";
import { textOrBase64 } from "./text.ts";

const prefix = "kafkaheader";
const contentTypeAttribute = `${prefix}contenttype`;

/** Attributes on their way into an event. */
export type Attributes = Record<string, AttributeValue>;

/**
 * Adds the attributes that the headers of a record become: `content-type` is `datacontenttype`, every other one is
 * `kafkaheader` and the lower-case letters and digits of its name. As in Knative the last of several headers that come to
 * the same name has it; the ones before it, which Knative drops, are numbered from the first on: `kafkaheadertag2`,
 * `kafkaheadertag3` … (a number that would make another attribute's name is left out). A content type that is no media
 * type stays a header: `kafkaheadercontenttype`.
 */
export function addHeaderAttributes(attributes: Attributes, headers: readonly KafkaHeader[]): void {
  const byName = new Map<string, Uint8Array | null>();
  for (const header of headers) byName.set(attributeOf(header), header[1]);
  for (const [name, value] of byName) attributes[name] = textOf(name, value);
  if (byName.size < headers.length) addRepeated(attributes, headers);
}

/** Those that are not the last of their name. */
function addRepeated(attributes: Attributes, headers: readonly KafkaHeader[]): void {
  const left = new Map<string, number>();
  for (const header of headers) {
    const name = attributeOf(header);
    left.set(name, (left.get(name) ?? 0) + 1);
  }
  const numbers = new Map<string, number>();
  for (const header of headers) {
    const name = attributeOf(header);
    const more = (left.get(name) ?? 0) - 1;
    left.set(name, more);
    if (more === 0) continue;
    const numbered = name === "datacontenttype" ? contentTypeAttribute : name;
    let number = numbers.get(numbered) ?? 2;
    while (Object.hasOwn(attributes, `${numbered}${number}`)) number++;
    attributes[`${numbered}${number}`] = textOrBase64(header[1]);
    numbers.set(numbered, number + 1);
  }
}

function textOf(name: string, value: Uint8Array | null): string {
  const text = textOrBase64(value);
  return name === "datacontenttype" ? text.toLowerCase() : text;
}

function attributeOf([header, value]: KafkaHeader): string {
  const name = attributeName(header);
  if (name !== contentTypeAttribute || header.toLowerCase() !== "content-type") return name;
  return parseMediaType(textOrBase64(value)) === undefined ? name : "datacontenttype";
}

// The records of a topic have the same few headers: a name that was seen before costs one look-up.
const remembered = new Map<string, string>();
const rememberedMax = 512;

function attributeName(header: string): string {
  const known = remembered.get(header);
  if (known !== undefined) return known;
  const name = prefix + header.toLowerCase().replace(/[^a-z0-9]+/g, "");
  if (header.length <= 64) {
    if (remembered.size >= rememberedMax) remembered.clear();
    remembered.set(header, name);
  }
  return name;
}
