import { type KafkaHeader, parseMediaType } from "@rouse/events";
import { textOrBase64 } from "./text.ts";

const prefix = "kafkaheader";

/**
 * The attributes that the headers of a record become: `content-type` is `datacontenttype`, every other one is
 * `kafkaheader` and the lower-case letters and digits of its name. As in Knative the last of several headers that come to
 * the same name has it; the ones before it, which Knative drops, are numbered from the first on: `kafkaheadertag2`,
 * `kafkaheadertag3` … (a number that would make another attribute's name is left out). A content type that is no media type
 * stays a header: `kafkaheadercontenttype`.
 */
export function headerAttributes(headers: readonly KafkaHeader[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  const byName = new Map<string, (Uint8Array | null)[]>();
  for (const [header, value] of headers) {
    const name = header.toLowerCase() === "content-type" ? contentTypeName(value) : attributeName(header);
    const values = byName.get(name);
    if (values === undefined) byName.set(name, [value]);
    else values.push(value);
  }
  for (const [name, values] of byName) addAll(attributes, byName, name, values);
  return attributes;
}

function attributeName(header: string): string {
  return prefix + header.toLowerCase().replace(/[^a-z0-9]+/g, "");
}

function contentTypeName(value: Uint8Array | null): string {
  return parseMediaType(textOrBase64(value)) === undefined ? attributeName("content-type") : "datacontenttype";
}

function addAll(
  attributes: Record<string, string>,
  taken: ReadonlyMap<string, unknown>,
  name: string,
  values: readonly (Uint8Array | null)[],
): void {
  const last = textOrBase64(values.at(-1) ?? null);
  attributes[name] = name === "datacontenttype" ? last.toLowerCase() : last;
  const numbered = name === "datacontenttype" ? attributeName("content-type") : name;
  let number = 2;
  for (const value of values.slice(0, -1)) {
    while (taken.has(`${numbered}${number}`) || Object.hasOwn(attributes, `${numbered}${number}`)) number++;
    attributes[`${numbered}${number++}`] = textOrBase64(value);
  }
}
