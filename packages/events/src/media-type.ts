import { mediaTypesRememberedMax } from "./limits.ts";

/** What the codecs must know of a media type (RFC 2046); everything else of it stays in the text. */
export interface MediaType {
  /** Type and subtype in lower case, without parameters. */
  readonly essence: string;
  /** The parameter `charset` in lower case, unquoted; undefined when absent. */
  readonly charset: string | undefined;
  /** The subtype is `json` or ends with `+json` (JSON format, section 3.1.1). */
  readonly json: boolean;
  /** Text of which a person would expect to see it as a string, not as base64, in a JSON document. */
  readonly text: boolean;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quotedString = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
const parameter = new RegExp(`[ \\t]*;[ \\t]*(?:(${token})=(${token}|${quotedString}))?`, "y");
const typeAndSubtype = new RegExp(`(${token})/(${token})`, "y");
const otherTexts = new Set(["application/xml", "application/yaml", "application/x-www-form-urlencoded"]);

// Few producers use more than a handful of media types, and every event has one: parsing is worth remembering.
const remembered = new Map<string, MediaType | undefined>();

/** Parses a media type; undefined when the text is none. Charset given twice: the first counts. */
export function parseMediaType(text: string): MediaType | undefined {
  const known = remembered.get(text);
  if (known !== undefined || remembered.has(text)) return known;
  const parsed = parse(text);
  if (text.length <= 256) {
    if (remembered.size >= mediaTypesRememberedMax) remembered.clear();
    remembered.set(text, parsed);
  }
  return parsed;
}

function parse(text: string): MediaType | undefined {
  typeAndSubtype.lastIndex = 0;
  const names = typeAndSubtype.exec(text);
  if (names === null) return undefined;
  const essence = names[0].toLowerCase();
  let charset: string | undefined;
  let at = names[0].length;
  while (at < text.length) {
    parameter.lastIndex = at;
    const found = parameter.exec(text);
    if (found === null) return text.slice(at).trim() === "" ? describe(essence, charset) : undefined;
    at += found[0].length;
    if (found[1]?.toLowerCase() === "charset") charset ??= unquote(found[2] ?? "").toLowerCase();
  }
  return describe(essence, charset);
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}

function describe(essence: string, charset: string | undefined): MediaType {
  const subtype = essence.slice(essence.indexOf("/") + 1);
  return {
    essence,
    charset,
    json: subtype === "json" || subtype.endsWith("+json"),
    text: essence.startsWith("text/") || subtype.endsWith("+xml") || otherTexts.has(essence),
  };
}

/** True when text under this media type is UTF-8: no charset is named, or UTF-8, or ASCII, its subset. */
export function isUtf8Text(type: MediaType): boolean {
  return (
    type.charset === undefined || type.charset === "utf-8" || type.charset === "utf8" || type.charset === "us-ascii"
  );
}

/** True for what makes a receiver read a message in structured or batched mode (HTTP binding, section 3). */
export function isCloudEventsMediaType(text: string): boolean {
  return text.length >= 23 && text.slice(0, 23).toLowerCase() === "application/cloudevents";
}
