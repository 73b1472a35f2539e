import { EventFault } from "./errors.ts";

const needsEncoding = /[^!#$&-~]/;
const runsToEncode = /[^!#$&-~]+/g;
const needsDecoding = /[^ !#$&-~]/;
const notPrintable = /[^ -~]/;

/**
 * An attribute's canonical string as a header value (HTTP and NATS binding, section 3.1.3.2): space, `"`, `%` and
 * everything outside printable ASCII is percent-encoded in upper-case hex, so no value can end a header line.
 * Throws EVENT_ATTRIBUTE_INVALID for an unpaired surrogate, which no constructed event holds.
 */
export function encodeHeaderValue(text: string): string {
  if (!needsEncoding.test(text)) return text;
  try {
    // Within a run of characters that all need it, encodeURIComponent encodes every one, as UTF-8, in upper case.
    return text.replace(runsToEncode, encodeURIComponent);
  } catch (cause) {
    throw new EventFault("EVENT_ATTRIBUTE_INVALID", "an attribute holds an unpaired surrogate", { cause });
  }
}

/**
 * A header value as the attribute's string: a double-quoted string is unescaped first, then one round of
 * percent-decoding. Spaces and quotes that older senders left as they are, are accepted. Throws EVENT_HEADER_INVALID for
 * characters outside printable ASCII, an open quote, a broken escape or bytes that are not UTF-8.
 */
export function decodeHeaderValue(header: string, text: string): string {
  if (!needsDecoding.test(text)) return text;
  if (notPrintable.test(text)) {
    throw new EventFault("EVENT_HEADER_INVALID", `header "${header}" must be printable ASCII`, {
      hint: "percent-encode the UTF-8 bytes of other characters",
    });
  }
  return percentDecode(header, text.startsWith('"') ? unquote(header, text) : text);
}

function unquote(header: string, text: string): string {
  if (!/^"(?:[^"\\]|\\.)*"$/.test(text)) {
    throw new EventFault("EVENT_HEADER_INVALID", `header "${header}" begins a quoted string that does not end it`, {
      hint: "percent-encode the double quote as %22",
    });
  }
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

function percentDecode(header: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new EventFault("EVENT_HEADER_INVALID", `header "${header}" is not percent-encoded UTF-8`, {
      hint: "write a percent sign itself as %25",
      cause,
    });
  }
}
